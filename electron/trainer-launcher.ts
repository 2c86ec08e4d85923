import type { FromTrainer, LaunchTrainer, ToTrainer, TrainerEnd } from '../main/trainer/protocol.ts';

/** A port to the trainer, as Electron and Node give it. */
export interface TrainerPort {
  postMessage(message: ToTrainer): void;
  on(event: 'message', listener: (message: { data: unknown }) => void): unknown;
  start(): void;
}

export interface TrainerLauncher {
  readonly launch: LaunchTrainer;
  /** The shell made the process: what was said meanwhile is sent. */
  started(id: number, pid: number | undefined, port: TrainerPort): void;
  ended(id: number, end: TrainerEnd): void;
}

interface Waiting {
  readonly started: (pid: number | undefined, port: TrainerPort) => void;
  readonly ended: (end: TrainerEnd) => void;
}

/**
 * The core's way to a trainer under Electron: only the shell can make processes there, so the core asks it, and talks to
 * the process over the port that it gets.
 */
export function createTrainerLauncher(
  ask: (message: { kind: 'launch-trainer' | 'kill-trainer'; id: number }) => void,
): TrainerLauncher {
  const trainers = new Map<number, Waiting>();
  let nextId = 1;

  const launch: LaunchTrainer = () => {
    const id = nextId++;
    const unsent: ToTrainer[] = [];
    const onMessage: ((message: FromTrainer) => void)[] = [];
    const onEnd: ((end: TrainerEnd) => void)[] = [];
    let pid: number | undefined;
    let port: TrainerPort | undefined;
    trainers.set(id, {
      started: (itsPid, itsPort) => {
        pid = itsPid;
        port = itsPort;
        port.on('message', ({ data }) => {
          for (const listener of onMessage) listener(data as FromTrainer);
        });
        port.start();
        for (const message of unsent) port.postMessage(message);
      },
      ended: (end) => {
        trainers.delete(id);
        for (const listener of onEnd) listener(end);
      },
    });
    ask({ kind: 'launch-trainer', id });
    return {
      get pid() {
        return pid;
      },
      send: (message) => {
        if (port) port.postMessage(message);
        else unsent.push(message);
      },
      onMessage: (listener) => void onMessage.push(listener),
      onEnd: (listener) => void onEnd.push(listener),
      kill: () => ask({ kind: 'kill-trainer', id }),
    };
  };

  return {
    launch,
    started: (id, pid, port) => trainers.get(id)?.started(pid, port),
    ended: (id, end) => trainers.get(id)?.ended(end),
  };
}
