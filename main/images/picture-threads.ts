import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { UserError } from '../contract/errors.ts';
import type { Encoded } from './encode.ts';
import { decodedName, type PictureRequest } from './picture.ts';

export interface ThreadRequest {
  readonly id: number;
  readonly request: PictureRequest;
}

export type ThreadAnswer =
  | { readonly id: number; readonly picture: Encoded }
  | { readonly id: number; readonly sentence: string | undefined; readonly error: unknown };

/** More make no screen faster: decoding itself runs in libvips' threads. */
const mostThreads = 2;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, PromiseWithResolvers<Encoded>>;
}

/** Makes pictures in a few threads, started when first needed. */
export interface PictureThreads {
  /** @throws UserError when the image cannot be read, or is another by now */
  make(request: PictureRequest): Promise<Encoded>;
  /** Ends the threads. What was asked for and is not made yet is refused. */
  close(): void;
}

export function createPictureThreads(): PictureThreads {
  const threads: (Thread | undefined)[] = Array.from({ length: Math.min(mostThreads, availableParallelism()) });
  let nextId = 0;

  function start(place: number): Thread {
    const worker = new Worker(new URL('./picture-worker.ts', import.meta.url));
    const waiting: Thread['waiting'] = new Map();
    worker.on('message', (answer: ThreadAnswer) => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      // An idle thread must not keep the process alive.
      if (waiting.size === 0) worker.unref();
      if ('picture' in answer) asked?.resolve(answer.picture);
      else asked?.reject(answer.sentence === undefined ? answer.error : new UserError(answer.sentence));
    });
    worker.on('error', (error) => {
      threads[place] = undefined;
      for (const { reject } of waiting.values()) reject(error);
    });
    worker.unref();
    return { worker, waiting };
  }

  return {
    make(request) {
      // Pictures of one image are made where it is decoded already.
      const place = hash(decodedName(request)) % threads.length;
      const { worker, waiting } = (threads[place] ??= start(place));
      const id = nextId++;
      const asked = Promise.withResolvers<Encoded>();
      if (waiting.size === 0) worker.ref();
      waiting.set(id, asked);
      const message: ThreadRequest = { id, request };
      worker.postMessage(message);
      return asked.promise;
    },
    close() {
      for (const [place, thread] of threads.entries()) {
        threads[place] = undefined;
        if (!thread) continue;
        for (const { reject } of thread.waiting.values()) reject(new UserError('The project was closed.'));
        void thread.worker.terminate();
      }
    },
  };
}

function hash(text: string): number {
  let value = 0;
  for (let at = 0; at < text.length; at++) value = (Math.imul(value, 31) + text.charCodeAt(at)) >>> 0;
  return value;
}
