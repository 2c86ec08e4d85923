import { availableParallelism } from 'node:os';
import type { Device } from '../engine/runtime/session.ts';
import type { Rendered } from './render.ts';
import { renderInWorker } from './render-pool.ts';
import type { ViewedImage, ViewFailure } from './views.ts';

/** Views of some items as one block of pixels, uint8 [n, size, size, 3], RGB. */
export interface ViewBatch {
  readonly ids: readonly number[];
  readonly pixels: Uint8Array;
}

/**
 * When views are rendered: beside the network's runs, or in turns with them, a stock of views and then the network's runs through it.
 */
export type RenderOrder = 'beside' | 'in turns';

/** More cores than this are not kept busy by rendering alone: libvips decodes in this many of libuv's threads. */
const mostCoresInTurns = 4;

/**
 * The order for a network that runs on a device. One that runs on few cores gains nothing from views that are rendered beside it:
 * its threads wait for each other at every operator, so all of them stand still while one has to give way.
 */
export function renderOrderFor(device: Device): RenderOrder {
  return device === 'cpu' && availableParallelism() <= mostCoresInTurns ? 'in turns' : 'beside';
}

/** Views rendered before the network asks for them, in batches: so many that the cores are busy while it runs. */
const batchesAhead = 3;
/** Views that a turn makes. At its end some cores have nothing to do, so it is long; all of its views are held at once. */
const viewsATurn = 64;
/** Views under way at once in a turn. */
const viewsUnderWay = 16;
/** Milliseconds after which a turn begins nothing more, so that answers come, and a job can be cancelled, where images are large. */
const longestTurn = 200;
/** Views of one image that are held at once; a slide with thousands of regions is decoded again for each so many. */
const mostViews = 256;

/**
 * Renders views in batches of a fixed size (the last may be smaller), decoding ahead of the consumer. What stands in a batch does not
 * depend on the order.
 *
 * @param onFailure told of each item whose image could not be read; the others go on
 */
export async function* renderAhead(
  images: readonly ViewedImage[],
  size: number,
  batchSize: number,
  onFailure: (failure: ViewFailure) => void,
  order: RenderOrder = 'beside',
): AsyncGenerator<ViewBatch> {
  const portions = splitImages(images);
  const bytesEach = size * size * 3;
  const underWay: { count: number; rendered: Promise<Rendered> }[] = [];
  let next = 0;
  let ahead = 0;
  let waiting: Rendered['views'] = [];
  const inTurns = order === 'in turns';
  const mostAhead = inTurns ? viewsUnderWay : batchesAhead * batchSize;
  let turnEnds = performance.now() + longestTurn;
  const turnGoesOn = (): boolean => waiting.length + ahead < viewsATurn && performance.now() < turnEnds;
  const mayBegin = (): boolean => next < portions.length && ahead < mostAhead && (!inTurns || turnGoesOn());
  while (next < portions.length || underWay.length > 0) {
    while (mayBegin()) {
      const portion = portions[next++];
      ahead += portion.views.length;
      underWay.push({ count: portion.views.length, rendered: renderInWorker(portion, size) });
    }
    const first = underWay.shift()!;
    const { views, failures } = await first.rendered;
    failures.forEach(onFailure);
    waiting = waiting.concat(views);
    ahead -= first.count;
    if (inTurns && (underWay.length > 0 || mayBegin())) continue;
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
    turnEnds = performance.now() + longestTurn;
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
