import sharp from 'sharp';
import { heatColours } from '../contract/palette.ts';
import type { Pixels } from './pixels.ts';
import { steps } from './views.ts';

/** Values over a picture, from 0 to 1, row by row from the top. */
export interface HeatMap {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** At this value and above the colour hides what is under it; below, it lets through as much as is missing. */
const opaqueFrom = 0.6;

/**
 * A map as a picture to be laid over another: bilinear between the centres of its cells, in `heatColours`, 0 transparent. PNG.
 *
 * @param size side of the square picture, in pixels
 */
export async function encodeHeatMap(map: HeatMap, size: number): Promise<Uint8Array> {
  return sharp(colour(map, size), { raw: { width: size, height: size, channels: 4 } })
    .png()
    .toBuffer();
}

/**
 * A square picture with a map laid over it. PNG.
 *
 * @param opacity of the map, from 0 to 1
 */
export async function encodeOverlay(
  { width, height, data }: Pixels,
  map: HeatMap,
  opacity: number,
): Promise<Uint8Array> {
  const heat = colour(map, width);
  for (let at = 3; at < heat.length; at += 4) heat[at] *= opacity;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: heat, raw: { width, height: width, channels: 4 } }])
    .png()
    .toBuffer();
}

/** RGBA, size · size · 4 bytes. */
function colour({ width, height, values }: HeatMap, size: number): Buffer {
  const across = steps(width, size);
  const down = steps(height, size);
  const out = Buffer.alloc(size * size * 4);
  for (let y = 0, to = 0; y < size; y++) {
    const [upper, lower, low] = [down.first[y] * width, down.second[y] * width, down.share[y]];
    for (let x = 0; x < size; x++, to += 4) {
      const [left, right, share] = [across.first[x], across.second[x], across.share[x]];
      const top = (1 - share) * values[upper + left] + share * values[upper + right];
      const bottom = (1 - share) * values[lower + left] + share * values[lower + right];
      const value = (1 - low) * top + low * bottom;
      out.set(shades[Math.round(value * (shades.length - 1))], to);
      out[to + 3] = Math.round(255 * Math.min(1, value / opaqueFrom));
    }
  }
  return out;
}

/** The colours of `heatColours` and those between, for values from 0 to 1. */
const shades = Array.from({ length: 256 }, (_, at) => {
  const place = (at / 255) * (heatColours.length - 1);
  const first = Math.min(Math.floor(place), heatColours.length - 2);
  const [a, b] = [heatColours[first], heatColours[first + 1]].map(channelsOf);
  return a.map((value, channel) => Math.round(value + (place - first) * (b[channel] - value)));
});

function channelsOf(hex: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}
