import { stat } from 'node:fs/promises';
import { explain, messageOf, UserError } from '../contract/errors.ts';
import { checkBox } from '../images/boxes.ts';
import { hashFile } from '../images/hash.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import { renderView, viewSquare, wholeBox } from '../images/views.ts';
import type { FileState, View, ViewedImage, ViewFailure } from './views.ts';

/** Views of some items as one block of pixels, uint8 [n, size, size, 3], RGB. */
export interface ViewBatch {
  readonly ids: readonly number[];
  readonly pixels: Uint8Array;
}

/** Views rendered before the network asks for them, in batches: so many that the cores are busy while it runs. */
const batchesAhead = 3;
/** Views of one image that are held at once; a slide with thousands of regions is decoded again for each so many. */
const mostViews = 256;

/**
 * Renders views in batches of a fixed size (the last may be smaller), decoding ahead of the consumer.
 *
 * @param onFailure told of each item whose image could not be read; the others go on
 */
export async function* renderAhead(
  images: readonly ViewedImage[],
  size: number,
  batchSize: number,
  onFailure: (failure: ViewFailure) => void,
): AsyncGenerator<ViewBatch> {
  const portions = images.flatMap(splitImage);
  const bytesEach = size * size * 3;
  const underWay: { count: number; rendered: Promise<Rendered[]> }[] = [];
  let next = 0;
  let ahead = 0;
  let waiting: Rendered[] = [];
  while (next < portions.length || underWay.length > 0) {
    while (next < portions.length && ahead < batchesAhead * batchSize) {
      const portion = portions[next++];
      ahead += portion.views.length;
      underWay.push({ count: portion.views.length, rendered: render(portion, size, onFailure) });
    }
    const first = underWay.shift()!;
    waiting = waiting.concat(await first.rendered);
    ahead -= first.count;
    const last = next >= portions.length && underWay.length === 0;
    let taken = 0;
    while (waiting.length - taken >= batchSize || (last && taken < waiting.length)) {
      const batch = waiting.slice(taken, taken + batchSize);
      taken += batch.length;
      const pixels = new Uint8Array(batch.length * bytesEach);
      for (const [index, view] of batch.entries()) pixels.set(view.pixels, index * bytesEach);
      yield { ids: batch.map((view) => view.id), pixels };
    }
    waiting = waiting.slice(taken);
  }
}

interface Rendered {
  readonly id: number;
  readonly pixels: Uint8Array;
}

function splitImage(image: ViewedImage): ViewedImage[] {
  if (image.views.length <= mostViews) return [image];
  const portions: ViewedImage[] = [];
  for (let start = 0; start < image.views.length; start += mostViews) {
    portions.push({ ...image, views: image.views.slice(start, start + mostViews) });
  }
  return portions;
}

async function render(
  { path, page, limits, expected, views }: ViewedImage,
  size: number,
  onFailure: (failure: ViewFailure) => void,
): Promise<Rendered[]> {
  const fail = (failed: readonly View[], error: unknown): void => {
    const reason = explain(error) ?? messageOf(error);
    for (const { id } of failed) onFailure({ id, reason });
  };
  let pixels: Pixels;
  try {
    if (expected) await checkUnchanged(path, expected);
    pixels = await readPixels(path, { page, ...(limits ? { limits } : {}) });
  } catch (error) {
    fail(views, error);
    return [];
  }
  const rendered = views.map(async (view) => {
    try {
      const { width, height } = pixels;
      const box = view.box ? checkBox(view.box, width, height) : wholeBox(width, height);
      return { id: view.id, pixels: await renderView(pixels, viewSquare(box, view.margin), size) };
    } catch (error) {
      fail([view], error);
      return undefined;
    }
  });
  return (await Promise.all(rendered)).filter((view) => view !== undefined);
}

/** Size and time tell cheaply that a file is the same; where they differ, its content does. */
async function checkUnchanged(path: string, { bytes, modified, contentHash }: FileState): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  if (size === bytes && Math.trunc(mtimeMs) === modified) return;
  if ((await hashFile(path)) !== contentHash)
    throw new UserError(`${path}: The file was changed since it was imported. Import it again, as a new image.`);
}
