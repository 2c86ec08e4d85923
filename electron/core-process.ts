import { join } from 'node:path';
import { type MessagePortMain, MessageChannelMain, utilityProcess, type UtilityProcess } from 'electron';
import type { PathChoice } from '../main/contract/api/studio.ts';
import { type Content, type GetContent, textContent } from '../main/serve/content.ts';
import type { FromCore, ProjectName, ToCore } from './messages.ts';

/** More deaths than this in a minute, and the core is not started again. */
const mostDeaths = 3;
const keptWords = 4000;
/** A core that has not ended by then, in milliseconds, is ended: nobody waits longer for a program to quit. */
const longestEnd = 10_000;

export interface CoreEvents {
  readonly choosePath: (choice: PathChoice) => Promise<string | null>;
  readonly onProjects: (open: ProjectName | null, recent: readonly ProjectName[]) => void;
  readonly onRefused: (sentence: string) => void;
  /** The core died and runs again: pages need another port. */
  readonly onRestart: () => void;
  /** The core dies each time that it is started. */
  readonly onGivenUp: () => void;
}

/** The shell's end of the core's process. */
export interface Core {
  readonly getContent: GetContent;
  connect(port: MessagePortMain): void;
  open(folder: string, how: 'open' | 'create'): void;
  closeProject(): void;
  /** Ends it in order; resolves when it is gone. */
  end(): Promise<void>;
}

/**
 * Starts the core in a process of its own, and again where it dies.
 *
 * @param folders of the built app and of what ships with it
 */
export function startCore(folders: { app: string; resources: string }, events: CoreEvents): Core {
  const asked = new Map<number, (content: Content) => void>();
  const trainers = new Map<number, UtilityProcess>();
  const deaths: number[] = [];
  let nextId = 1;
  let ending: (() => void) | undefined;
  let core = start();

  const send = (message: ToCore, ports?: MessagePortMain[]): void => core.postMessage(message, ports);

  function start(): UtilityProcess {
    const started = utilityProcess.fork(join(import.meta.dirname, 'core.js'), [folders.app, folders.resources], {
      serviceName: 'Parfocal core',
    });
    started.on('message', (message: FromCore) => hear(message));
    started.on('exit', () => {
      for (const trainer of trainers.values()) kill(trainer);
      for (const answer of asked.values()) answer(textContent(503, 'The core stopped.'));
      asked.clear();
      if (ending) {
        ending();
        return;
      }
      const now = Date.now();
      deaths.push(now);
      if (deaths.filter((time) => time > now - 60_000).length > mostDeaths) {
        events.onGivenUp();
        return;
      }
      core = start();
      events.onRestart();
    });
    return started;
  }

  function hear(message: FromCore): void {
    switch (message.kind) {
      case 'content':
        asked.get(message.id)?.(message.content);
        asked.delete(message.id);
        break;
      case 'choose':
        choose(message);
        break;
      case 'launch-trainer':
        launchTrainer(message.id);
        break;
      case 'kill-trainer':
        kill(trainers.get(message.id));
        break;
      case 'projects':
        events.onProjects(message.open, message.recent);
        break;
      case 'refused':
        events.onRefused(message.sentence);
        break;
      case 'ended':
        core.kill();
        break;
    }
  }

  /** Says something to the core that asked for it, unless that is another one by now. */
  function answerTo(asker: UtilityProcess): typeof send {
    return (message, ports) => {
      if (core === asker) send(message, ports);
    };
  }

  function choose({ id, choice }: Extract<FromCore, { kind: 'choose' }>): void {
    const answer = answerTo(core);
    void events.choosePath(choice).then((path) => answer({ kind: 'chosen', id, path }));
  }

  function launchTrainer(id: number): void {
    const trainer = utilityProcess.fork(join(import.meta.dirname, 'trainer.js'), [], {
      serviceName: 'Parfocal trainer',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const tell = answerTo(core);
    trainers.set(id, trainer);
    let lastWords = '';
    trainer.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-keptWords);
    });
    trainer.once('spawn', () => {
      const { port1, port2 } = new MessageChannelMain();
      trainer.postMessage(null, [port1]);
      tell({ kind: 'trainer', id, pid: trainer.pid }, [port2]);
    });
    trainer.once('exit', (code) => {
      // A core that was started anew counts its trainers from the start.
      if (trainers.get(id) === trainer) trainers.delete(id);
      tell({ kind: 'trainer-ended', id, end: { code, signal: null, lastWords } });
    });
  }

  return {
    getContent: (path) =>
      new Promise((resolve) => {
        const id = nextId++;
        asked.set(id, resolve);
        send({ kind: 'get', id, path });
      }),
    connect: (port) => send({ kind: 'page' }, [port]),
    open: (folder, how) => send({ kind: 'open', folder, how }),
    closeProject: () => send({ kind: 'close-project' }),
    end: () =>
      new Promise((resolve) => {
        ending = resolve;
        send({ kind: 'end' });
        setTimeout(() => core.kill(), longestEnd);
      }),
  };
}

/** At once: a trainer in the middle of a session's run hears nothing. */
function kill(child: UtilityProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
