import { describe, expect, test } from 'vitest';
import { deriveSeed } from '../../main/engine/random.ts';
import { listOrder, shuffledOrder } from '../../main/trainer/batches/order.ts';

const ids = Array.from({ length: 10 }, (_, at) => 100 + at);
const order = (seed = 1) => shuffledOrder({ ids, batchSize: 4, views: 8, seed });

describe('the order of training', () => {
  test('is full batches of a permutation, the last filled up from its start', () => {
    const { steps } = order();
    const { rows } = order().epoch(0);
    expect(steps).toBe(3);
    expect(rows).toHaveLength(12);
    expect(new Set(rows.subarray(0, 10))).toEqual(new Set(ids.keys()));
    expect([...rows.subarray(10)]).toEqual([...rows.subarray(0, 2)]);
  });

  test('is another in each epoch and for each seed, and always the same for the same', () => {
    const one = order().epoch(3);
    expect(order().epoch(3)).toEqual(one);
    expect(order().epoch(4)).not.toEqual(one);
    expect(order(2).epoch(3)).not.toEqual(one);
  });

  test('fills a batch of more items than there are', () => {
    const { rows } = shuffledOrder({ ids: [5, 6, 7], batchSize: 8, views: 1, seed: 1 }).epoch(0);
    expect([...rows]).toEqual([...rows.subarray(0, 3), ...rows.subarray(0, 3), ...rows.subarray(0, 2)]);
  });

  test('draws the view of an item by the item, whatever others there are', () => {
    const few = shuffledOrder({ ids: ids.slice(5), batchSize: 4, views: 8, seed: 1 }).epoch(2);
    const all = order().epoch(2);
    for (const [at, row] of few.rows.entries()) expect(few.views[at]).toBe(all.views[all.rows.indexOf(row + 5)]);
    const drawn = new Set(Array.from({ length: 40 }, (_, epoch) => [...order().epoch(epoch).views]).flat());
    expect(drawn).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });
});

test('the order of measuring is that of the list, each item once and as it is', () => {
  const list = listOrder(10, 4);
  expect(list.steps).toBe(3);
  expect([...list.epoch(7).rows]).toEqual([...ids.keys()]);
  expect(new Set(list.epoch(7).views)).toEqual(new Set([0]));
});

test('seeds out of several numbers are their own', () => {
  const seeds = [
    deriveSeed(1),
    deriveSeed(1, 0),
    deriveSeed(0, 1),
    deriveSeed(1, 2, 3),
    deriveSeed(3, 2, 1),
    deriveSeed(2 ** 53 - 1),
  ];
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
});
