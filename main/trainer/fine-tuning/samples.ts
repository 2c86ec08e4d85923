import type { Sample } from '../../contract/fine-tuning.ts';
import { indexOfLargest } from '../../engine/linear/scores.ts';
import type { Answers } from '../../engine/training/train.ts';

/** Validation items that are followed from epoch to epoch. */
const mostSamples = 8;

/**
 * A few items that stand for all: of every class as many, as far as there are, from all over its items; the classes in turn.
 *
 * @param classes of the items
 * @returns places of items
 */
export function pickSamples(classes: Int32Array, classCount: number, most = mostSamples): number[] {
  const ofClass = Array.from({ length: classCount }, (): number[] => []);
  for (const [row, own] of classes.entries()) ofClass[own].push(row);
  if (classes.length === 0) return [];
  const share = Math.ceil(most / ofClass.filter((rows) => rows.length > 0).length);
  const spread = ofClass.map((rows) => {
    const count = Math.min(rows.length, share);
    return Array.from({ length: count }, (_, at) => rows[Math.floor(((at + 0.5) * rows.length) / count)]);
  });
  const inTurn = Array.from({ length: share }, (_, round) => spread.flatMap((rows) => rows.slice(round, round + 1)));
  return inTurn.flat().slice(0, most);
}

/** What an epoch answers for them; those that it could not be asked about are left out. */
export function answersForSamples(
  samples: readonly number[],
  { ids, classes }: { readonly ids: readonly number[]; readonly classes: Int32Array },
  { rows, logProbabilities }: Answers,
): Sample[] {
  const classCount = logProbabilities.length / rows.length;
  const places = new Map(rows.map((row, place) => [row, place]));
  return samples.flatMap((row): Sample[] => {
    const place = places.get(row);
    if (place === undefined) return [];
    const start = place * classCount;
    const predicted = indexOfLargest(logProbabilities, start, classCount);
    return [
      {
        itemId: ids[row],
        truth: classes[row],
        predicted,
        probability: Math.exp(logProbabilities[start + predicted]),
        truthProbability: Math.exp(logProbabilities[start + classes[row]]),
      },
    ];
  });
}
