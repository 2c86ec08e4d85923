import { createRandom } from '../engine/random.ts';

export interface SampledItem {
  readonly id: number;
  /** What keeps its share in the sample: the class. */
  readonly stratum: number;
  /** What the sample is spread over: items of one group resemble each other, so that few of each say more than many of one. */
  readonly group: string;
}

/** So many of each stratum are taken if there are as many, whatever its share. */
const leastOfEach = 10;

/**
 * About `limit` of the items, by number: each stratum by its share, and within it one item of every group before a second of
 * any. Each item's place in the queue is drawn from the seed and its own number, so that a sample changes little when items
 * come or go.
 */
export function sampleItems(items: readonly SampledItem[], limit: number, seed: number): number[] {
  if (items.length <= limit) return items.map(({ id }) => id).sort((a, b) => a - b);
  const drawn = items
    .map((item) => ({ ...item, place: createRandom(item.id * 2 ** 32 + seed).next() }))
    .sort((a, b) => a.place - b.place);
  const chosen: number[] = [];
  for (const own of Map.groupBy(drawn, ({ stratum }) => stratum).values()) {
    const share = Math.max(leastOfEach, Math.round((limit * own.length) / items.length));
    const taken = new Map<string, number>();
    const queue = own.map(({ id, group }) => {
      const round = taken.get(group) ?? 0;
      taken.set(group, round + 1);
      return { id, round };
    });
    // Stable: within a round the order is that of the draw.
    queue.sort((a, b) => a.round - b.round);
    chosen.push(...queue.slice(0, share).map(({ id }) => id));
  }
  return chosen.sort((a, b) => a - b);
}
