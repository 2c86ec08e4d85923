/** A thread that makes pictures, so that the core's own thread is free for labels meanwhile. */
import { parentPort } from 'node:worker_threads';
import { explain } from '../contract/errors.ts';
import { PictureMaker } from './picture.ts';
import type { ThreadAnswer, ThreadRequest } from './picture-threads.ts';

/** Decoded images that a thread keeps, in bytes. */
const keptBytes = 128 * 2 ** 20;

const maker = new PictureMaker(keptBytes);

async function answer({ id, request }: ThreadRequest): Promise<void> {
  try {
    const { type, data } = await maker.make(request);
    // Copied, since memory of libvips' own can't be handed to another thread.
    const own = new Uint8Array(data);
    const done: ThreadAnswer = { id, picture: { type, data: own } };
    parentPort!.postMessage(done, [own.buffer]);
  } catch (error) {
    const failed: ThreadAnswer = { id, sentence: explain(error), error };
    parentPort!.postMessage(failed);
  }
}

parentPort!.on('message', (request: ThreadRequest) => void answer(request));
