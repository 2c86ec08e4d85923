import { CancelledError, UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import type { JobName, Jobs } from './jobs.ts';
import type { FromTrainer, LaunchTrainer, TrainerEnd, TrainerProcess } from './protocol.ts';

/** How long a cancelled job may take to say so before its caller is told without it. */
const cancelGrace = 100;
/** How long a cancelled job may go on before its process is ended for it. */
const killGrace = 5000;

export interface JobControl<Output> extends Control {
  readonly onOutput?: (output: Output) => void;
  /** Tells the job to end well with what it has so far. */
  readonly finish?: AbortSignal | undefined;
  /**
   * Milliseconds that the job may take, once cancelled, to put away what it has done. Its caller waits for that, and takes what
   * it hands on meanwhile; then its process is ended. When absent, the caller is told at once.
   */
  readonly putAwayTime?: number;
}

/** The core's end of the trainer: one job at a time, the others wait. The process is made when first needed. */
export interface Trainer {
  /**
   * @throws CancelledError within a fifth of a second of the signal, or of the job's time to put away
   * @throws UserError what the job said, or how the process died
   */
  run<Name extends JobName>(
    job: Name,
    params: Jobs[Name]['params'],
    control?: JobControl<Jobs[Name]['output']>,
  ): Promise<Jobs[Name]['result']>;
  /** The process now running, for a caller that watches over it. */
  readonly pid: number | undefined;
  close(): void;
}

interface Pending {
  readonly onMessage: (message: FromTrainer) => void;
  readonly onEnd: (end: TrainerEnd) => void;
}

export function createTrainer(launch: LaunchTrainer): Trainer {
  let running: TrainerProcess | undefined;
  let pending: Pending | undefined;
  let nextId = 1;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  function ready(): TrainerProcess {
    if (running) return running;
    const started = launch();
    running = started;
    started.onMessage((message) => pending?.onMessage(message));
    started.onEnd((end) => {
      if (running === started) running = undefined;
      pending?.onEnd(end);
    });
    return started;
  }

  /** Runs one job. `settled` resolves when the process is free again, which after a cancellation is later than the answer. */
  function start(
    job: string,
    params: unknown,
    control: JobControl<never>,
  ): { answer: Promise<unknown>; settled: Promise<undefined> } {
    const { promise: answer, resolve, reject } = Promise.withResolvers<unknown>();
    const { promise: settled, resolve: settle } = Promise.withResolvers<undefined>();
    const process = ready();
    const id = nextId++;
    const timers: NodeJS.Timeout[] = [];
    // From then on the caller has its answer, or is about to, and must not be handed any more.
    let abandoned = false;
    const cancel = (putAwayTime = 0): void => {
      if (abandoned) return;
      process.send({ kind: 'cancel', id });
      const abandon = (): void => {
        abandoned = true;
        timers.push(setTimeout(() => reject(new CancelledError()), cancelGrace));
        timers.push(setTimeout(() => process.kill(), killGrace));
      };
      if (putAwayTime > 0) timers.push(setTimeout(abandon, putAwayTime));
      else abandon();
    };
    const onCancel = (): void => cancel(control.putAwayTime);
    const onFinish = (): void => process.send({ kind: 'finish', id });
    const finish = (): void => {
      for (const timer of timers) clearTimeout(timer);
      control.signal?.removeEventListener('abort', onCancel);
      control.finish?.removeEventListener('abort', onFinish);
      pending = undefined;
      settle(undefined);
    };
    control.signal?.addEventListener('abort', onCancel, { once: true });
    control.finish?.addEventListener('abort', onFinish, { once: true });
    pending = {
      onMessage(message) {
        if (message.id !== id) return;
        if (message.kind === 'progress' || message.kind === 'output') {
          if (abandoned) return;
          try {
            if (message.kind === 'progress') control.onProgress?.(message.progress);
            else (control.onOutput as ((value: unknown) => void) | undefined)?.(message.value);
          } catch (error) {
            // What the caller could not take (a full disk, say) ends the job, with that error.
            reject(error);
            cancel();
          }
        } else {
          finish();
          if (message.kind === 'done') resolve(message.result);
          else reject(failure(message));
        }
      },
      onEnd(end) {
        finish();
        reject(closed || control.signal?.aborted ? new CancelledError() : died(end));
      },
    };
    process.send({ kind: 'start', id, job, params });
    // Told while the job waited for its turn.
    if (control.finish?.aborted) onFinish();
    return { answer, settled };
  }

  return {
    async run(job, params, control = {}) {
      const turn = queue;
      const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
      queue = turn.then(() => over);
      let settled: Promise<undefined> | undefined;
      try {
        await unlessAborted(turn, control.signal);
        if (closed || control.signal?.aborted) throw new CancelledError();
        const started = start(job, params, control);
        settled = started.settled;
        return (await started.answer) as Jobs[typeof job]['result'];
      } finally {
        end(settled);
      }
    },
    get pid() {
      return running?.pid;
    },
    close() {
      closed = true;
      running?.kill();
    },
  };
}

/** Waits for a turn, but no longer than until the signal. */
async function unlessAborted(turn: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw new CancelledError();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new CancelledError());
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([turn, aborted]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function failure(message: Extract<FromTrainer, { kind: 'failed' }>): Error {
  if (message.cancelled) return new CancelledError();
  if (message.expected) return new UserError(message.message);
  const defect = new Error(message.message);
  if (message.stack !== undefined) defect.stack = message.stack;
  return defect;
}

function died({ code, signal, lastWords }: TrainerEnd): UserError {
  const how = signal ? `it was ended by the signal ${signal}` : `it ended by itself with code ${code ?? 'unknown'}`;
  const memory =
    signal === 'SIGKILL' ? ' The system does this when memory runs out: close other programs and try again.' : '';
  const words = tellingLine(lastWords);
  return new UserError(
    `The trainer process stopped in the middle of the job: ${how}.${memory} What was saved before is kept, and the job can be started again.${words ? ` Its last words: ${words}` : ''}`,
  );
}

/** The line that says what went wrong: a stack, and Node's version, may follow it. */
function tellingLine(words: string): string | undefined {
  const lines = words
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return (
    lines.findLast((line) => /error|terminate|fatal|abort|memory/i.test(line) && !line.startsWith('at ')) ??
    lines.at(-1)
  );
}
