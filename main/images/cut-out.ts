import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { Box } from '../contract/images.ts';
import { readPixels } from './pixels.ts';

/** Writes a region of an image, as it is shown, to a PNG file that is not there yet. @throws UserError when it cannot be read */
export async function cutOut(image: string, page: number, box: Box, target: string): Promise<void> {
  const { width, height, data } = await readPixels(image, { page });
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
