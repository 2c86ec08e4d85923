import { Worker } from 'node:worker_threads';
import { UserError } from '../contract/errors.ts';

export interface ThreadRequest<Request> {
  readonly id: number;
  readonly request: Request;
}

export type ThreadAnswer<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly sentence: string | undefined; readonly error: unknown };

/** A thread that answers requests. While it has nothing to answer, it keeps no process alive. */
export interface Thread<Request, Answer> {
  /** Requests that are not answered yet. */
  readonly waiting: number;
  /** @throws what the thread threw; a UserError stays one */
  ask(request: Request): Promise<Answer>;
  /** Ends the thread. What waits is refused with this reason. */
  end(reason: Error): void;
}

/**
 * Starts a thread.
 *
 * @param entry the file it runs, which calls `answerRequests`
 * @param onDeath told when it died by itself; what waited is refused already
 */
export function startThread<Request, Answer>(entry: URL, onDeath: () => void): Thread<Request, Answer> {
  const worker = new Worker(entry);
  const waiting = new Map<number, PromiseWithResolvers<Answer>>();
  let nextId = 0;
  const refuseAll = (reason: Error): void => {
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  worker.on('message', (message: ThreadAnswer<Answer>) => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (waiting.size === 0) worker.unref();
    if ('answer' in message) asked?.resolve(message.answer);
    else asked?.reject(message.sentence === undefined ? message.error : new UserError(message.sentence));
  });
  worker.on('error', (error: Error) => {
    onDeath();
    refuseAll(error);
  });
  worker.unref();
  return {
    get waiting() {
      return waiting.size;
    },
    ask(request) {
      const id = nextId++;
      const asked = Promise.withResolvers<Answer>();
      if (waiting.size === 0) worker.ref();
      waiting.set(id, asked);
      const message: ThreadRequest<Request> = { id, request };
      worker.postMessage(message);
      return asked.promise;
    },
    end(reason) {
      refuseAll(reason);
      void worker.terminate();
    },
  };
}
