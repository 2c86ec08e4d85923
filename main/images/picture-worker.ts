/** A thread that makes pictures, so that the core's own thread is free for labels meanwhile. */
import { answerRequests } from '../threads/answer.ts';
import { PictureMaker, type PictureRequest } from './picture.ts';

/** Decoded images that a thread keeps, in bytes. */
const keptBytes = 128 * 2 ** 20;

const maker = new PictureMaker(keptBytes);

answerRequests(
  async (request: PictureRequest) => {
    const { type, data } = await maker.make(request);
    // Copied, since memory of libvips' own can't be handed to another thread.
    return { type, data: new Uint8Array(data) };
  },
  ({ data }) => [data.buffer],
);
