import type { JobContext } from '../context.ts';
import { renderAhead } from '../render-ahead.ts';
import type { ViewedImage } from '../views.ts';

export interface LikenessParams {
  readonly images: readonly ViewedImage[];
  /** Items, by number. */
  readonly pairs: readonly (readonly [one: number, other: number])[];
}

/** Side of the views that are compared, in pixels: what was moved by a pixel or saved anew still covers itself. */
const side = 32;

/**
 * How alike the pixels of two items are: the correlation of their grey values, from −1 to 1, in which brightness and contrast do
 * not count; 0 for what is of one grey.
 *
 * @returns one number a pair; NaN where one of the two could not be read
 */
export async function measureLikeness({ images, pairs }: LikenessParams, context: JobContext): Promise<Float64Array> {
  const views = new Map<number, Float64Array>();
  const total = images.reduce((sum, image) => sum + image.views.length, 0);
  for await (const { ids, pixels } of renderAhead(images, side, 64, () => undefined)) {
    for (const [at, id] of ids.entries()) views.set(id, normalised(pixels, at));
    context.progress('Comparing items', views.size, total);
    await context.breathe();
  }
  return Float64Array.from(pairs, ([one, other]) => {
    const [left, right] = [views.get(one), views.get(other)];
    return left && right ? left.reduce((sum, value, at) => sum + value * right[at], 0) : NaN;
  });
}

/** The grey values of one view of a batch, with mean 0 and length 1. */
function normalised(pixels: Uint8Array, view: number): Float64Array {
  const count = side * side;
  const start = view * count * 3;
  const grey = Float64Array.from({ length: count }, (_, at) => {
    const place = start + 3 * at;
    return pixels[place] + pixels[place + 1] + pixels[place + 2];
  });
  const mean = grey.reduce((sum, value) => sum + value, 0) / count;
  const length = Math.hypot(...grey.map((value) => value - mean));
  return grey.map((value) => (length > 0 ? (value - mean) / length : 0));
}
