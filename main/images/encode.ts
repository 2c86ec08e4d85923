import sharp from 'sharp';
import type { Pixels } from './pixels.ts';
import { renderView, type Square } from './views.ts';

/** Media type of the pictures that are made here. */
export const pictureType = 'image/jpeg';

/** Side of a thumbnail, in pixels. */
export const thumbnailSize = 160;

/** The square of an item as networks see it, 160 × 160 pixels. */
export async function encodeThumbnail(pixels: Pixels, square: Square): Promise<Uint8Array> {
  const data = await renderView(pixels, square, thumbnailSize);
  return encodeJpeg({ width: thumbnailSize, height: thumbnailSize, data }, 88);
}

/** A whole image as it is shown. */
export const encodeWhole = (pixels: Pixels): Promise<Uint8Array> => encodeJpeg(pixels, 92);

/**
 * As JPEG: every browser decodes it at any size that is read here, and it is made in a fifth of the time of a WebP of the
 * same looks. Stains differ by colour: it is kept for every pixel.
 */
function encodeJpeg({ width, height, data }: Pixels, quality: number): Promise<Uint8Array> {
  const jpeg = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false }).jpeg({
    quality,
    chromaSubsampling: '4:4:4',
  });
  return jpeg.toBuffer();
}

/** One channel of 8 bits, as PNG: it may be a few pixels large, of which each counts. */
export function encodeGrey(width: number, height: number, values: Uint8Array): Promise<Uint8Array> {
  return sharp(values, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

/** A picture as an address that holds it. */
export function dataAddress(type: string, data: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(data).toString('base64')}`;
}
