import type { Pixels } from './pixels.ts';
import { crop, renderView, scaleSquare, type Square } from './views.ts';

/** The ways to turn and mirror a square; see `Augmentation.symmetry`. */
export const everySymmetry = [0, 1, 2, 3, 4, 5, 6, 7] as const;
/** Those that leave what is up where it is: as it is, and mirrored left to right. */
export const uprightSymmetries = [0, 4] as const;

/** How one view of an item differs from the item as it is. */
export interface Augmentation {
  /** 0 to 3: so many quarter turns clockwise; 4 to 7: mirrored left to right first. */
  readonly symmetry: number;
  /** Side of the square that is seen, as a multiple of the item's own. */
  readonly scale: number;
  /** By how much the square's centre is moved right and down, as shares of the side of the item's own. */
  readonly shift: readonly [x: number, y: number];
  readonly brightness: number;
  readonly contrast: number;
  /** Of red, green and blue. */
  readonly gains: readonly [number, number, number];
  /** Side of the square around the item's own that holds every view of it, as a multiple: 1 where nothing is scaled or moved. */
  readonly reach: number;
}

/** The surroundings of an item from which its augmented views are cut. */
export interface Patch {
  readonly pixels: Pixels;
  /** Where the item as it is lies in them. */
  readonly square: Square;
}

/** A patch is kept at up to so many times the size of the views: enough for them, and little memory for large items. */
const oversampling = 2;

/**
 * Cuts the patch out of an image. One that is much larger than the views is shrunk; where nothing is scaled or moved it is the
 * view itself.
 *
 * @param square the item as it is
 * @param size side of the views, in pixels
 * @param reach see `Augmentation`
 */
export async function cutPatch(pixels: Pixels, square: Square, size: number, reach: number): Promise<Patch> {
  if (reach === 1) {
    const data = await renderView(pixels, square, size);
    return { pixels: { width: size, height: size, data }, square: { x: 0, y: 0, side: size } };
  }
  // A pixel more, for what is lost by rounding to whole ones.
  const margin = Math.ceil((square.side * (reach - 1)) / 2) + 1;
  const outer = { x: square.x - margin, y: square.y - margin, side: square.side + 2 * margin };
  const inner = { x: margin, y: margin, side: square.side };
  const largest = Math.ceil(oversampling * size * reach);
  if (outer.side <= largest) return { pixels: asPixels(crop(pixels, outer), outer.side), square: inner };
  const shrunk = await renderView(pixels, outer, largest);
  return { pixels: asPixels(shrunk, largest), square: scaleSquare(inner, largest / outer.side) };
}

const asPixels = (data: Uint8Array, side: number): Pixels => ({ width: side, height: side, data });

/** One view of an item: size · size · 3 bytes, RGB interleaved. Scale and shift move the square, the rest acts on its pixels. */
export async function renderAugmented(patch: Patch, augmentation: Augmentation, size: number): Promise<Uint8Array> {
  const view = await renderView(patch.pixels, movedSquare(patch.square, augmentation), size);
  const turned = turn(view, size, augmentation.symmetry);
  changeColours(turned, augmentation);
  return turned;
}

function movedSquare({ x, y, side }: Square, { scale, shift }: Augmentation): Square {
  const own = Math.max(1, Math.round(side * scale));
  return {
    x: Math.round(x + (side - own) / 2 + shift[0] * side),
    y: Math.round(y + (side - own) / 2 + shift[1] * side),
    side: own,
  };
}

/** A square of size · size · 3 bytes, turned and mirrored. Exact; see `Augmentation.symmetry`. */
export function turn(pixels: Uint8Array, size: number, symmetry: number): Uint8Array {
  const last = size - 1;
  // Of the pixel that comes to the top left corner, and the steps in the source for one to the right and one down.
  const [from, right, down] = [
    [0, 1, size],
    [last * size, -size, 1],
    [last * size + last, -1, -size],
    [last, size, -1],
  ][symmetry % 4];
  const mirrored = symmetry >= 4;
  const out = new Uint8Array(pixels.length);
  let to = 0;
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++, to += 3) {
      const source = from + y * down + x * right;
      // Mirroring comes first: its column counts from the other end.
      const at = 3 * (mirrored ? source - 2 * (source % size) + last : source);
      out[to] = pixels[at];
      out[to + 1] = pixels[at + 1];
      out[to + 2] = pixels[at + 2];
    }
  return out;
}

/** Changes the pixels in place, by a table of 256 values for each channel; rounded and clamped once. */
function changeColours(pixels: Uint8Array, { brightness, contrast, gains }: Augmentation): void {
  if (brightness === 1 && contrast === 1 && gains.every((gain) => gain === 1)) return;
  let sum = 0;
  for (let at = 0; at < pixels.length; at++) sum += pixels[at];
  const mean = sum / pixels.length;
  const [red, green, blue] = gains.map((gain) =>
    Uint8ClampedArray.from({ length: 256 }, (_, value) => gain * brightness * (mean + contrast * (value - mean))),
  );
  for (let at = 0; at < pixels.length; at += 3) {
    pixels[at] = red[pixels[at]];
    pixels[at + 1] = green[pixels[at + 1]];
    pixels[at + 2] = blue[pixels[at + 2]];
  }
}
