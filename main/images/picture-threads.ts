import { availableParallelism } from 'node:os';
import { UserError } from '../contract/errors.ts';
import { startThread, type Thread } from '../threads/thread.ts';
import { decodedName, type PictureRequest } from './picture.ts';

/** More make no screen faster: decoding itself runs in libvips' threads. */
const mostThreads = 2;

/** Makes and keeps pictures in a few threads, started when first needed. */
export interface PictureThreads {
  /**
   * A picture of `pictureType`: as it is kept, else made, and kept where that can be.
   *
   * @throws UserError when the image cannot be read, or is another by now
   */
  get(request: PictureRequest): Promise<Uint8Array>;
  /** Ends the threads. What was asked for and is not made yet is refused. */
  close(): void;
}

export function createPictureThreads(): PictureThreads {
  const threads: (Thread<PictureRequest, Uint8Array> | undefined)[] = Array.from({
    length: Math.min(mostThreads, availableParallelism()),
  });
  const start = (place: number): Thread<PictureRequest, Uint8Array> =>
    startThread(new URL('./picture-worker.ts', import.meta.url), () => (threads[place] = undefined));

  return {
    get(request) {
      // Pictures of one image are made where it is decoded already.
      const place = hash(decodedName(request)) % threads.length;
      return (threads[place] ??= start(place)).ask(request);
    },
    close() {
      for (const thread of threads) thread?.end(new UserError('The project was closed.'));
      threads.fill(undefined);
    },
  };
}

function hash(text: string): number {
  let value = 0;
  for (let at = 0; at < text.length; at++) value = (Math.imul(value, 31) + text.charCodeAt(at)) >>> 0;
  return value;
}
