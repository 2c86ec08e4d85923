import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Box } from '../contract/images.ts';
import type { Pixels } from './pixels.ts';

/** Writes a region of an image to a PNG file that is not there yet. */
export async function cutOut({ width, height, data }: Pixels, box: Box, target: string): Promise<void> {
  const left = Math.min(width - 1, Math.max(0, Math.round(box.x)));
  const top = Math.min(height - 1, Math.max(0, Math.round(box.y)));
  const png = await sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .extract({
      left,
      top,
      width: Math.max(1, Math.min(width - left, Math.round(box.width))),
      height: Math.max(1, Math.min(height - top, Math.round(box.height))),
    })
    .png()
    .toBuffer();
  await writeFile(target, png, { flag: 'wx' });
}
