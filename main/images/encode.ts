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

/** The square of an item as networks see it, 160 × 160 pixels, as WebP. */
export async function encodeThumbnail(pixels: Pixels, square: Square): Promise<Encoded> {
  const data = await renderView(pixels, square, thumbnailSize);
  const webp = sharp(data, { raw: { width: thumbnailSize, height: thumbnailSize, channels: 3 } }).webp({
    quality: 85,
    effort: 2,
    smartSubsample: true,
  });
  return { type: 'image/webp', data: await webp.toBuffer() };
}

/** A whole image as it is shown, as JPEG: the format that every browser decodes at any size that is read here. */
export async function encodeWhole({ width, height, data }: Pixels): Promise<Encoded> {
  const jpeg = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false }).jpeg({
    quality: 92,
    chromaSubsampling: '4:4:4',
  });
  return { type: 'image/jpeg', data: await jpeg.toBuffer() };
}
