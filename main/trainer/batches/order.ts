import { createRandom, deriveSeed } from '../../engine/random.ts';

/** Which items a source gives, and in which of their views. */
export interface BatchOrder {
  readonly batchSize: number;
  /** Batches an epoch. */
  readonly steps: number;
  /** All of an epoch in one list: the positions of the items, and the number of the view of each. */
  epoch(epoch: number): { readonly rows: Int32Array; readonly views: Int32Array };
}

/** Views to draw among where each is rendered anew: no two draws meet. */
export const endlessViews = 2 ** 31;

export interface ShuffledItems {
  /** At least one. */
  readonly ids: readonly number[];
  readonly batchSize: number;
  /** How many views each item has. */
  readonly views: number;
  readonly seed: number;
}

/**
 * For training: every epoch another permutation, in full batches; the last is filled up from the permutation's start. The
 * permutation is drawn from (seed, epoch), the view of an item from (seed, epoch, item).
 */
export function shuffledOrder({ ids, batchSize, views, seed }: ShuffledItems): BatchOrder {
  const steps = Math.ceil(ids.length / batchSize);
  return {
    batchSize,
    steps,
    epoch(epoch) {
      const permutation = createRandom(deriveSeed(seed, epoch)).shuffle(Int32Array.from(ids.keys()));
      const rows = Int32Array.from({ length: steps * batchSize }, (_, at) => permutation[at % ids.length]);
      const drawn = Int32Array.from(ids, (id) => createRandom(deriveSeed(seed, epoch, id)).integer(views));
      return { rows, views: rows.map((row) => drawn[row]) };
    },
  };
}

/** For measuring: every item once, as it is, in the order of the list; the last batch may be smaller. */
export function listOrder(count: number, batchSize: number): BatchOrder {
  const rows = Int32Array.from({ length: count }, (_, row) => row);
  return {
    batchSize,
    steps: Math.ceil(count / batchSize),
    epoch: () => ({ rows, views: new Int32Array(count) }),
  };
}
