import { setImmediate } from 'node:timers/promises';
import { CancelledError } from '../contract/errors.ts';
import type { Progress } from '../contract/progress.ts';

/** What a job has to hand. */
export interface JobContext<Output = never> {
  readonly signal: AbortSignal;
  /** Aborted when the job is to end well with what it has so far. Most jobs have no use for it and go on. */
  readonly finishing: AbortSignal;
  /** Reports how far a step is; sent on at most ten times a second, and always when the step begins and ends. */
  progress(step: string, done: number, total?: number): void;
  /** Hands a part of the result to the core while the job goes on. */
  output(value: Output): void;
  /**
   * Lets the process hear its messages. To be awaited at least every 100 ms of work.
   *
   * @throws CancelledError when the job was cancelled meanwhile
   */
  breathe(): Promise<void>;
}

const interval = 100;
const rateWindow = 5000;

export function createJobContext<Output>(
  signal: AbortSignal,
  sendProgress: (progress: Progress) => void,
  output: (value: Output) => void,
  finishing = new AbortController().signal,
): JobContext<Output> {
  let step = '';
  let lastSent = 0;
  let history: { time: number; done: number }[] = [];
  return {
    signal,
    finishing,
    output,
    progress(name, done, total) {
      const time = performance.now();
      const begins = name !== step;
      if (begins) {
        step = name;
        history = [];
      }
      if (!begins && done !== total && time - lastSent < interval) return;
      lastSent = time;
      history = [...history.filter((one) => time - one.time < rateWindow), { time, done }];
      const first = history[0];
      const rate = time > first.time ? ((done - first.done) / (time - first.time)) * 1000 : undefined;
      sendProgress({
        step: name,
        done,
        ...(total === undefined ? {} : { total }),
        ...(rate ? { rate } : {}),
        ...(rate && total !== undefined ? { secondsLeft: (total - done) / rate } : {}),
      });
    },
    async breathe() {
      await setImmediate();
      if (signal.aborted) throw new CancelledError();
    },
  };
}
