import sharp from 'sharp';
import type { Pixels } from './pixels.ts';
import { renderView, type Square } from './views.ts';

/** An encoded image with its media type. */
export interface Encoded {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Side of a thumbnail, in pixels. */
export const thumbnailSize = 160;

/** The square of an item as networks see it, 160 × 160 pixels. */
export async function encodeThumbnail(pixels: Pixels, square: Square): Promise<Encoded> {
  const data = await renderView(pixels, square, thumbnailSize);
  return encodeJpeg({ width: thumbnailSize, height: thumbnailSize, data }, 88);
}

/** A whole image as it is shown. */
export const encodeWhole = (pixels: Pixels): Promise<Encoded> => encodeJpeg(pixels, 92);

/**
 * As JPEG: every browser decodes it at any size that is read here, and it is made in a fifth of the time of a WebP of the
 * same looks. Stains differ by colour: it is kept for every pixel.
 */
async function encodeJpeg({ width, height, data }: Pixels, quality: number): Promise<Encoded> {
  const jpeg = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false }).jpeg({
    quality,
    chromaSubsampling: '4:4:4',
  });
  return { type: 'image/jpeg', data: await jpeg.toBuffer() };
}
