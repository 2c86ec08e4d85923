import { renderAhead } from '../render-ahead.ts';
import { pickViews, type ViewedImage, type ViewFailure } from '../views.ts';
import { prepareAhead } from './ahead.ts';
import type { BatchOrder } from './order.ts';
import type { RenderedItems } from './rendered-items.ts';
import type { Batch, BatchSource } from './source.ts';

/** Batches that are being rendered while one is used. */
const batchesAhead = 3;

/**
 * Batches of pixels, each view rendered when its turn comes, some batches ahead: for training with nothing frozen.
 *
 * @param ids the items, none of which failed; `rows` of a batch are places in this list
 * @param order of as many items
 */
export function renderedBatches(items: RenderedItems, ids: readonly number[], order: BatchOrder): BatchSource {
  const { size } = items;
  const length = size * size * 3;
  const { batchSize, steps } = order;
  return {
    shape: [size, size, 3],
    type: 'uint8',
    steps,
    epoch(epoch, fromStep = 0) {
      const { rows, views } = order.epoch(epoch);
      const memory = Array.from({ length: batchesAhead + 1 }, () => new Uint8Array(batchSize * length));
      return prepareAhead(fromStep, steps, batchesAhead, async (step): Promise<Batch> => {
        const start = step * batchSize;
        const own = rows.subarray(start, start + batchSize);
        const data = memory[step % memory.length].subarray(0, own.length * length);
        const put = async (row: number, at: number): Promise<void> =>
          data.set(await items.render(ids[row], views[start + at]), at * length);
        await Promise.all(Array.from(own, put));
        return { rows: own, data };
      });
    },
  };
}

export interface PlainItems {
  readonly images: readonly ViewedImage[];
  /** Those of the images' items that are wanted; `rows` of a batch are places in this list. */
  readonly ids: readonly number[];
  readonly size: number;
  readonly batchSize: number;
  /** Told of each item that cannot be read, every time it is left out. */
  readonly onFailure: (failure: ViewFailure) => void;
}

/** Every item once, as it is, image by image, each decoded once: for measuring a network that takes pixels. */
export function plainBatches({ images, ids, size, batchSize, onFailure }: PlainItems): BatchSource {
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const wanted = pickViews(images, (id) => rowOf.has(id));
  return {
    shape: [size, size, 3],
    type: 'uint8',
    steps: Math.ceil(ids.length / batchSize),
    async *epoch(_, fromStep = 0) {
      let step = 0;
      for await (const batch of renderAhead(wanted, size, batchSize, onFailure))
        if (step++ >= fromStep) yield { rows: Int32Array.from(batch.ids, (id) => rowOf.get(id)!), data: batch.pixels };
    },
  };
}
