import { CancelledError, explain, messageOf } from '../contract/errors.ts';
import { createJobContext } from './context.ts';
import { type AnyJob, jobs } from './jobs.ts';
import type { FromTrainer, ToTrainer } from './protocol.ts';

/**
 * The trainer's side of its protocol, whatever carries it: does the jobs that it is told, one at a time.
 *
 * @param send takes an answer to the core
 * @returns what to call with each message from the core
 */
export function serveJobs(send: (message: FromTrainer) => void): (message: ToTrainer) => void {
  let current: { id: number; cancel: AbortController; finish: AbortController } | undefined;

  async function start({ id, job, params }: Extract<ToTrainer, { kind: 'start' }>): Promise<void> {
    const cancel = new AbortController();
    const finish = new AbortController();
    current = { id, cancel, finish };
    const context = createJobContext(
      cancel.signal,
      (progress) => send({ kind: 'progress', id, progress }),
      (value) => send({ kind: 'output', id, value }),
      finish.signal,
    );
    try {
      const result = await (jobs as unknown as Record<string, AnyJob>)[job](params, context);
      send({ kind: 'done', id, result });
    } catch (error) {
      const sentence = explain(error);
      send({
        kind: 'failed',
        id,
        message: sentence ?? messageOf(error),
        expected: sentence !== undefined,
        cancelled: error instanceof CancelledError,
        stack: error instanceof Error ? error.stack : undefined,
      });
    } finally {
      current = undefined;
    }
  }

  return (message) => {
    if (message.kind === 'start') void start(message);
    else if (current?.id === message.id) current[message.kind].abort();
  };
}
