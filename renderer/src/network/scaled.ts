import type { Scaling } from '../../../main/contract/networks.ts';

/** A picture as a network gets it: to look at, and in numbers. */
export interface Scaled {
  /** The network's channels in their order, as if they were red, green and blue: RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** Smallest and largest value of each channel, in the network's order. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
}

/**
 * Scales RGBA pixels as the contract's `preprocessingSchema` says: `(pixel / 255 · (high − low) + low − mean) / deviation`. What
 * is shown is stretched over all that the scaling can give, the same for all channels.
 */
export function scaled(rgba: Uint8ClampedArray, { range, mean, deviation, channels }: Scaling): Scaled {
  const [low, high] = range;
  const order = channels === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  const value = (pixel: number, channel: number): number =>
    ((pixel / 255) * (high - low) + low - mean[channel]) / deviation[channel];
  const ends = [0, 1, 2].flatMap((channel) => [value(0, channel), value(255, channel)]);
  const [darkest, brightest] = [Math.min(...ends), Math.max(...ends)];
  const pixels = new Uint8ClampedArray(rgba.length);
  const ranges = [0, 1, 2].map((): [number, number] => [Infinity, -Infinity]);
  for (let at = 0; at < rgba.length; at += 4) {
    for (const [channel, source] of order.entries()) {
      const number = value(rgba[at + source], channel);
      ranges[channel][0] = Math.min(ranges[channel][0], number);
      ranges[channel][1] = Math.max(ranges[channel][1], number);
      pixels[at + channel] = ((number - darkest) / (brightest - darkest)) * 255;
    }
    pixels[at + 3] = 255;
  }
  return { pixels, ranges };
}
