import sharp from 'sharp';
import type { Box } from '../contract/images.ts';
import { readPixels, type Pixels, type ReadOptions } from './pixels.ts';

/** A square of pixels of an image, by its top left corner. Whole numbers; it may reach outside the image on every side. */
export interface Square {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** The box of a whole image. */
export const wholeBox = (width: number, height: number): Box => ({ x: 0, y: 0, width, height });

/**
 * The square that a network sees of an item: around the centre of its box, its side max(width, height) · (1 + 2 · margin), rounded
 * to whole pixels (a half goes right and down). A whole image is its whole box with margin 0: nothing of it is cut off, and the
 * shorter side is padded.
 *
 * @param margin context on each side, as a share of the longer side
 */
export function viewSquare(box: Box, margin: number): Square {
  const side = Math.max(1, Math.round(Math.max(box.width, box.height) * (1 + 2 * margin)));
  return {
    x: Math.round(box.x + (box.width - side) / 2),
    y: Math.round(box.y + (box.height - side) / 2),
    side,
  };
}

/**
 * Which row or column of an image, of `length`, shows at a position outside it: reflected at the edges, the outermost pixel
 * repeated (c b a | a b c | c b a), as often as needed.
 */
export function mirror(position: number, length: number): number {
  const period = 2 * length;
  const within = ((position % period) + period) % period;
  return within < length ? within : period - 1 - within;
}

/** Squares up to this side are copied out before they are shrunk; from larger ones, the image is shrunk first. */
const largestCopy = 4096;

/**
 * The square as a network's input before preprocessing: cropped, padded by reflection, resized by a triangle filter (bilinear
 * between pixel centres; when shrinking as wide as the step, so that nothing aliases).
 *
 * @param size side of the result, in pixels
 * @returns size · size · 3 bytes, RGB interleaved
 */
export async function renderView(pixels: Pixels, square: Square, size: number): Promise<Uint8Array> {
  // A libvips call costs a millisecond before it touches a pixel, and anchors enlarged images at the corner pixels instead of
  // at their edges: what is enlarged is done here.
  if (square.side === size) return crop(pixels, square);
  if (square.side < size) return enlarge(pixels, square, size);
  if (square.side > largestCopy) {
    const factor = Math.max(largestCopy / 2, size) / square.side;
    const shrunk = await shrink(pixels, Math.ceil(pixels.width * factor), Math.ceil(pixels.height * factor));
    return renderView(shrunk, scaleSquare(square, factor), size);
  }
  const data = crop(pixels, square);
  return (await shrink({ width: square.side, height: square.side, data }, size, size)).data;
}

export const scaleSquare = ({ x, y, side }: Square, factor: number): Square => ({
  x: Math.round(x * factor),
  y: Math.round(y * factor),
  side: Math.round(side * factor),
});

/**
 * Decodes an image once and renders each of the squares. A view does not depend on which others are asked for with it.
 *
 * @throws UserError when the image cannot be read
 */
export async function renderItems(
  path: string,
  options: ReadOptions,
  squares: readonly Square[],
  size: number,
): Promise<Uint8Array[]> {
  const pixels = await readPixels(path, options);
  const views: Uint8Array[] = [];
  for (const square of squares) views.push(await renderView(pixels, square, size));
  return views;
}

async function shrink({ width, height, data }: Pixels, toWidth: number, toHeight: number): Promise<Pixels> {
  const resized = await sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(toWidth, toHeight, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  return { width: toWidth, height: toHeight, data: new Uint8Array(resized.buffer, resized.byteOffset, resized.length) };
}

/** The square's pixels, padded by reflection: side · side · 3 bytes. */
export function crop({ width, height, data }: Pixels, { x, y, side }: Square): Uint8Array {
  const first = Math.min(side, Math.max(0, -x));
  const last = Math.max(first, Math.min(side, width - x));
  const padded: (readonly [column: number, source: number])[] = [];
  for (let column = 0; column < side; column++)
    if (column < first || column >= last) padded.push([column, mirror(x + column, width)]);

  const out = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const from = mirror(y + row, height) * width;
    const to = row * side;
    out.set(data.subarray((from + x + first) * 3, (from + x + last) * 3), (to + first) * 3);
    for (const [column, source] of padded)
      for (let channel = 0; channel < 3; channel++)
        out[(to + column) * 3 + channel] = data[(from + source) * 3 + channel]!;
  }
  return out;
}

/** For each of `size` positions over `side` pixels: the two pixels it lies between, and the share of the second. */
export interface Steps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float64Array;
}

export function steps(side: number, size: number): Steps {
  const first = new Int32Array(size);
  const second = new Int32Array(size);
  const share = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const position = Math.min(side - 1, Math.max(0, ((i + 0.5) * side) / size - 0.5));
    first[i] = Math.floor(position);
    second[i] = Math.min(side - 1, first[i] + 1);
    share[i] = position - first[i];
  }
  return { first, second, share };
}

/**
 * Bilinear, pixel centres at halves. A row of the square is made as wide as the result once, and held for as long as rows of the
 * result lie beside it: two at a time, which stay in the processor's cache. In float32 between the two directions.
 */
function enlarge(pixels: Pixels, { x: left, y: top, side }: Square, size: number): Uint8Array {
  const down = steps(side, size);
  const across = steps(side, size);
  for (const columns of [across.first, across.second])
    for (let x = 0; x < size; x++) columns[x] = mirror(left + columns[x], pixels.width);
  const length = size * 3;
  let upper = new Float32Array(length);
  let lower = new Float32Array(length);
  let [upperRow, lowerRow] = [-1, -1];
  const out = new Uint8Array(size * length);
  for (let y = 0, to = 0; y < size; y++, to += length) {
    if (down.first[y] === lowerRow) {
      [upper, lower] = [lower, upper];
      [upperRow, lowerRow] = [lowerRow, upperRow];
    }
    if (upperRow !== down.first[y]) {
      upperRow = down.first[y];
      widen(pixels, mirror(top + upperRow, pixels.height), across, upper);
    }
    if (lowerRow !== down.second[y]) {
      lowerRow = down.second[y];
      widen(pixels, mirror(top + lowerRow, pixels.height), across, lower);
    }
    mix(upper, lower, down.share[y], out, to);
  }
  return out;
}

function mix(upper: Float32Array, lower: Float32Array, ofLower: number, out: Uint8Array, to: number): void {
  const ofUpper = 1 - ofLower;
  for (let i = 0; i < upper.length; i++) out[to + i] = ofUpper * upper[i] + ofLower * lower[i] + 0.5;
}

/** One row of an image, as wide as there are steps across it. */
function widen({ width, data }: Pixels, row: number, { first, second, share }: Steps, out: Float32Array): void {
  const from = row * width;
  for (let x = 0, to = 0; x < share.length; x++, to += 3) {
    const a = (from + first[x]) * 3;
    const b = (from + second[x]) * 3;
    const ofSecond = share[x];
    const ofFirst = 1 - ofSecond;
    out[to] = ofFirst * data[a] + ofSecond * data[b];
    out[to + 1] = ofFirst * data[a + 1] + ofSecond * data[b + 1];
    out[to + 2] = ofFirst * data[a + 2] + ofSecond * data[b + 2];
  }
}
