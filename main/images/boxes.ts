import type { Box } from '../contract/images.ts';
import { UserError } from '../contract/errors.ts';

/** How far a box may reach out of its image and still be taken, clipped: annotation tools round, and some count from 1. */
const tolerance = 1;

const show = (value: number): string => String(Math.round(value * 100) / 100);
const describe = ({ x, y, width, height }: Box): string =>
  `x ${show(x)}, y ${show(y)}, width ${show(width)}, height ${show(height)}`;

/**
 * The box as it lies in an image of the given size: up to one pixel outside is clipped.
 *
 * @param width of the image, in pixels
 * @param height of the image, in pixels
 * @throws UserError when the box is smaller than a pixel or reaches further out; the message is the reason alone, for the caller
 *   to put the place before
 */
export function checkBox(box: Box, width: number, height: number): Box {
  if (![box.x, box.y, box.width, box.height].every(Number.isFinite))
    throw new UserError(`The box (${describe(box)}) is not made of numbers.`);
  if (box.width <= 0 || box.height <= 0) throw new UserError(`The box (${describe(box)}) has no area.`);
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  if (box.x < -tolerance || box.y < -tolerance || right > width + tolerance || bottom > height + tolerance)
    throw new UserError(`The box (${describe(box)}) reaches outside its image of ${width} × ${height} pixels.`);
  const x = Math.max(0, box.x);
  const y = Math.max(0, box.y);
  const clipped = { x, y, width: Math.min(right, width) - x, height: Math.min(bottom, height) - y };
  if (clipped.width < 1 || clipped.height < 1)
    throw new UserError(`The box (${describe(box)}) is smaller than one pixel of its image of ${width} × ${height}.`);
  return clipped;
}

/** The square box of the given side, in pixels, around a point. */
export function pointBox(x: number, y: number, side: number): Box {
  return { x: x - side / 2, y: y - side / 2, width: side, height: side };
}
