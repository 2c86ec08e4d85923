import { expect, test } from 'vitest';
import { answersForSamples, pickSamples } from '../../main/trainer/fine-tuning/samples.ts';

test('items that are followed are of every class, from all over it, the classes in turn', () => {
  const classes = Int32Array.from({ length: 100 }, (_, row) => (row < 90 ? 0 : row < 98 ? 2 : 3));
  const picked = pickSamples(classes, 4, 6);
  expect(picked.map((row) => classes[row])).toEqual([0, 2, 3, 0, 2, 3]);
  expect(picked.filter((row) => classes[row] === 0)).toEqual([22, 67]);
  expect(new Set(picked).size).toBe(6);
  expect(pickSamples(Int32Array.of(1), 3)).toEqual([0]);
  expect(pickSamples(new Int32Array(0), 3)).toEqual([]);
});

test('their answers are found in whatever order they come; one without an answer is left out', () => {
  const held = { ids: [10, 20, 30], classes: Int32Array.of(0, 1, 1) };
  const logProbabilities = Float32Array.from([0.2, 0.8, 0.9, 0.1].map(Math.log));
  const close = (value: number): number => expect.closeTo(value, 5) as number;
  expect(answersForSamples([0, 1, 2], held, { rows: [2, 1], logProbabilities })).toEqual([
    { itemId: 20, truth: 1, predicted: 0, probability: close(0.9), truthProbability: close(0.1) },
    { itemId: 30, truth: 1, predicted: 1, probability: close(0.8), truthProbability: close(0.8) },
  ]);
});
