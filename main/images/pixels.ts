import type { DisplayLimits } from '../contract/images.ts';
import { decodeShown } from './decode.ts';
import { limitsOf, toDisplay } from './display.ts';

/** An image as it is shown and as networks see it. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGB interleaved, 8 bits, top row first: width · height · 3 bytes. */
  readonly data: Uint8Array;
}

export interface ReadOptions {
  /** Page of a multi-page file, from 0. */
  readonly page?: number;
  /** What becomes black and white in an image of more than 8 bits; from its own values when absent. No matter for 8 bits. */
  readonly limits?: DisplayLimits;
}

/**
 * Reads an image: turned upright, grey made RGB, more than 8 bits scaled linearly between the display limits and clamped.
 *
 * @throws UserError when the file is not an image that can be read in full
 */
export async function readPixels(path: string, options: ReadOptions = {}): Promise<Pixels> {
  const { width, height, bands, samples } = await decodeShown(path, options.page ?? 0);
  const shown = samples instanceof Uint8Array ? samples : toDisplay(samples, options.limits ?? limitsOf(samples));
  return { width, height, data: bands === 3 ? shown : greyToRgb(shown) };
}

function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i], i * 3, i * 3 + 3);
  return rgb;
}
