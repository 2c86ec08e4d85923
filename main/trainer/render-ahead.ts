import type { Rendered } from './render.ts';
import { renderInWorker } from './render-pool.ts';
import type { ViewedImage, ViewFailure } from './views.ts';

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
  const portions = splitImages(images);
  const bytesEach = size * size * 3;
  const underWay: { count: number; rendered: Promise<Rendered> }[] = [];
  let next = 0;
  let ahead = 0;
  let waiting: Rendered['views'] = [];
  while (next < portions.length || underWay.length > 0) {
    while (next < portions.length && ahead < batchesAhead * batchSize) {
      const portion = portions[next++];
      ahead += portion.views.length;
      underWay.push({ count: portion.views.length, rendered: renderInWorker(portion, size) });
    }
    const first = underWay.shift()!;
    const { views, failures } = await first.rendered;
    failures.forEach(onFailure);
    waiting = waiting.concat(views);
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

/** Images with many views in several portions. */
export function splitImages(images: readonly ViewedImage[]): ViewedImage[] {
  return images.flatMap(splitImage);
}

function splitImage(image: ViewedImage): ViewedImage[] {
  if (image.views.length <= mostViews) return [image];
  const portions: ViewedImage[] = [];
  for (let start = 0; start < image.views.length; start += mostViews) {
    portions.push({ ...image, views: image.views.slice(start, start + mostViews) });
  }
  return portions;
}
