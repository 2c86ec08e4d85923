import { parentPort } from 'node:worker_threads';
import { explain } from '../contract/errors.ts';
import type { ThreadAnswer, ThreadRequest } from './thread.ts';

/**
 * A thread's side: answers each request as it comes, several at a time where `answer` waits for something.
 *
 * @param answer must take what the other side of this thread asks
 * @param transfer names the memory of an answer that goes over to the asker instead of being copied
 */
export function answerRequests<Answer>(
  answer: (request: never) => Answer | Promise<Answer>,
  transfer: (answer: Answer) => readonly ArrayBuffer[] = () => [],
): void {
  const port = parentPort!;
  const send = (message: ThreadAnswer<Answer>, memory: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, memory);
  port.on('message', ({ id, request }: ThreadRequest<never>) => {
    void (async () => {
      try {
        const given = await answer(request);
        send({ id, answer: given }, transfer(given));
      } catch (error) {
        send({ id, sentence: explain(error), error });
      }
    })();
  });
}
