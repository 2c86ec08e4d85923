import type { Box, DisplayLimits } from '../contract/images.ts';
import { encodeThumbnail, encodeWhole } from './encode.ts';
import { type Pixels, readPixels } from './pixels.ts';
import { checkUnchanged, type FileState } from './unchanged.ts';
import { viewSquare, wholeBox } from './views.ts';

/** A picture that a screen wants: of a whole image, or of an item as networks see it. */
export interface PictureRequest {
  /** Where the picture is kept once it is made. */
  readonly file: string;
  readonly path: string;
  readonly page: number;
  /** null for images of 8 bits. */
  readonly limits: DisplayLimits | null;
  /** A file that holds something else by now is refused; whatever it holds is shown when absent. */
  readonly expected?: FileState;
  /** Absent: the whole image, in its own size. */
  readonly view?: {
    /** Absent: the whole image. */
    readonly box?: Box;
    readonly margin: number;
  };
}

/** Names the pixels that a request decodes: requests of one name share them. */
export const decodedName = ({ path, page, limits }: PictureRequest): string => JSON.stringify([path, page, limits]);

/** Makes pictures, keeping the images that it decoded last for the other items of the same image. */
export class PictureMaker {
  readonly #decoded = new Map<string, { readonly pixels: Promise<Pixels>; bytes: number }>();
  readonly #mostBytes: number;

  /** @param mostBytes decoded images that are kept, in bytes */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /**
   * Makes a picture, of `pictureType`.
   *
   * @throws UserError when the image cannot be read, or is another by now
   */
  async make(request: PictureRequest): Promise<Uint8Array> {
    const pixels = await this.#decode(request);
    if (!request.view) return encodeWhole(pixels);
    const { box = wholeBox(pixels.width, pixels.height), margin } = request.view;
    return encodeThumbnail(pixels, viewSquare(box, margin));
  }

  #decode(request: PictureRequest): Promise<Pixels> {
    const name = decodedName(request);
    const known = this.#decoded.get(name);
    if (known) {
      // The one used last is the last to go.
      this.#decoded.delete(name);
      this.#decoded.set(name, known);
      return known.pixels;
    }
    const entry = { pixels: read(request), bytes: 0 };
    this.#decoded.set(name, entry);
    entry.pixels.then(
      ({ data }) => {
        entry.bytes = data.length;
        this.#makeRoom();
      },
      () => this.#decoded.delete(name),
    );
    return entry.pixels;
  }

  #makeRoom(): void {
    let total = [...this.#decoded.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, { bytes }] of this.#decoded) {
      if (total <= this.#mostBytes) return;
      total -= bytes;
      this.#decoded.delete(name);
    }
  }
}

async function read({ path, page, limits, expected }: PictureRequest): Promise<Pixels> {
  if (expected) await checkUnchanged(path, expected);
  return readPixels(path, { page, ...(limits ? { limits } : {}) });
}
