/**
 * A thread that makes pictures, or has them from where they are kept, so that the core's own thread is free for labels
 * meanwhile. Its files are read and written at once: each takes less than handing it to yet another thread.
 */
import { answerRequests } from '../threads/answer.ts';
import { keep, readKept } from './kept.ts';
import { PictureMaker, type PictureRequest } from './picture.ts';

/** Decoded images that a thread keeps, in bytes. */
const keptBytes = 128 * 2 ** 20;

const maker = new PictureMaker(keptBytes);

async function picture(request: PictureRequest): Promise<Uint8Array> {
  const kept = readKept(request.file);
  if (kept) return kept;
  const made = await maker.make(request);
  keep(request.file, made);
  return made;
}

answerRequests(
  async (request: PictureRequest) => {
    // Copied, since memory of libvips' own can't be handed to another thread.
    return new Uint8Array(await picture(request));
  },
  ({ buffer }) => [buffer],
);
