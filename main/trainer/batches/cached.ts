import { elementCount } from '../../engine/graph/tensors.ts';
import type { Activations } from '../activations/activations.ts';
import { prepareAhead } from './ahead.ts';
import type { BatchOrder } from './order.ts';
import type { Batch, BatchSource } from './source.ts';

/**
 * Batches of stored activations; the next is read from the disk while one is used.
 *
 * @param ids the items, none of which failed; `rows` of a batch are places in this list
 * @param order of as many items, and of no more views than are stored
 */
export function cachedBatches(activations: Activations, ids: readonly number[], order: BatchOrder): BatchSource {
  const length = elementCount(activations.shape);
  const { batchSize, steps } = order;
  return {
    shape: activations.shape,
    type: 'float32',
    steps,
    epoch(epoch, fromStep = 0) {
      const { rows, views } = order.epoch(epoch);
      // One is used while the next is read.
      const memory = [0, 1].map(() => ({
        halves: new Float16Array(batchSize * length),
        floats: new Float32Array(batchSize * length),
      }));
      return prepareAhead(fromStep, steps, 1, async (step): Promise<Batch> => {
        const { halves, floats } = memory[step % memory.length];
        const start = step * batchSize;
        const own = rows.subarray(start, start + batchSize);
        const stored = own.map((row, at) => activations.rowOf(ids[row], views[start + at]));
        await activations.read(stored, halves);
        floats.set(halves);
        return { rows: own, data: floats.subarray(0, own.length * length) };
      });
    },
  };
}
