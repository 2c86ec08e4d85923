import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Progress } from '../../main/contract/progress.ts';
import type { Prediction } from '../../main/sharing/predict.ts';
import { sortCopies } from '../../main/sharing/sort-copies.ts';
import { workshop } from '../support/core.ts';

const work = workshop();

/** Files that are predicted to be of the given classes; what is in them does not matter to a copy. */
function predicted(folder: string, classes: readonly (0 | 1)[]): Prediction[] {
  return classes.map((one, at) => {
    const image = work.write(`${folder}/${at}.png`, `file ${at}`);
    return { record: { source: image, image }, probabilities: Float32Array.of(1 - one, one) };
  });
}
const filesIn = (folder: string): string[] => readdirSync(work.path(folder)).sort();

test('images that cannot be copied are counted and the first is named; the others are there', async () => {
  const predictions = predicted('some', [0, 1, 0]);
  const gone: Prediction = { ...predictions[0], record: { source: 'gone', image: work.path('some', 'gone.png') } };
  const progress: Progress[] = [];
  const copying = sortCopies(['red', 'gr/een'], [gone, ...predictions, gone], work.path('some sorted'), {
    onProgress: (one) => progress.push(one),
  });
  await expect(copying).rejects.toThrow(/2 of 5 images could not be copied.*gone\.png: There is no such file/);
  expect(filesIn('some sorted/red')).toEqual(['0.png', '2.png']);
  expect(filesIn('some sorted/gr_een')).toEqual(['1.png']);
  expect(progress.at(-1)).toEqual({ step: 'Copying images', done: 4, total: 5 });
});

test('what was copied before a cancellation stays, and nothing is written over', async () => {
  const predictions = predicted('more', [0, 0, 0, 0]);
  work.write('more sorted/red/0.png', 'another');
  const cancel = new AbortController();
  const copying = sortCopies(['red', 'green'], predictions, work.path('more sorted'), {
    signal: cancel.signal,
    onProgress: ({ done }) => {
      if (done === 2) cancel.abort();
    },
  });
  await expect(copying).rejects.toThrow('cancelled');
  expect(filesIn('more sorted/red')).toEqual(['0-2.png', '0.png', '1.png', '2.png']);
  expect(readFileSync(work.path('more sorted', 'red', '0.png'), 'utf8')).toBe('another');
});
