/**
 * The trainer: a process of its own, since a session's run blocks its thread, and a driver or the system may end it.
 * It is told jobs, one at a time, and ends when the core is gone.
 */
import { explain } from '../contract/errors.ts';
import { CancelledError, messageOf } from '../contract/errors.ts';
import { createJobContext } from './context.ts';
import { type AnyJob, jobs } from './jobs.ts';
import type { FromTrainer, ToTrainer } from './protocol.ts';

const send = (message: FromTrainer): void => void process.send?.(message);
let current: { id: number; cancel: AbortController } | undefined;

async function start({ id, job, params }: Extract<ToTrainer, { kind: 'start' }>): Promise<void> {
  const cancel = new AbortController();
  current = { id, cancel };
  const context = createJobContext(
    cancel.signal,
    (progress) => send({ kind: 'progress', id, progress }),
    (value) => send({ kind: 'output', id, value }),
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

process.on('message', (message: ToTrainer) => {
  if (message.kind === 'start') void start(message);
  else if (current?.id === message.id) current.cancel.abort();
});
process.on('disconnect', () => process.exit());
// Ctrl+C reaches the whole group of processes: the core decides what becomes of its trainer.
process.on('SIGINT', () => undefined);
