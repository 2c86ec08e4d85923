import { createRandom } from '../../engine/random.ts';
import { confusionMeasures, type ConfusionMeasures } from './confusion.ts';

export interface Ends {
  readonly low: number | null;
  readonly high: number | null;
}

export interface Intervals {
  readonly accuracy: Ends;
  readonly balancedAccuracy: Ends;
  readonly macroF1: Ends;
  readonly perClass: readonly { readonly precision: Ends; readonly recall: Ends }[];
}

export interface Answers {
  readonly truth: Int32Array;
  readonly predicted: Int32Array;
  readonly classCount: number;
  readonly groups?: readonly (string | null)[] | undefined;
}

/** The confusion counts of each group: those of group g lie from `starts[g]` up to `starts[g + 1]`. */
interface GroupCounts {
  readonly starts: Int32Array;
  /** Places in the confusion matrix that are not zero. */
  readonly cells: Int32Array;
  readonly counts: Int32Array;
}

/**
 * 95% percentile intervals by bootstrap (Efron 1979) over groups: as many groups as there are, drawn with replacement,
 * because items of one group (patient, slide) resemble each other and count for less than as many independent ones. Where a
 * sample does not define a measure (no item of the class was drawn), it is left out of that measure's interval. With fewer
 * than two groups nothing is known about other groups: no interval.
 */
export function bootstrapIntervals(
  answers: Answers,
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): { groupCount: number; intervals: Intervals } {
  const { classCount } = answers;
  const { starts, cells, counts } = countByGroup(answers);
  const groupCount = starts.length - 1;
  const samples: ConfusionMeasures[] = [];
  const random = createRandom(seed);
  const confusion = new Float64Array(classCount * classCount);
  for (let sample = 0; groupCount >= 2 && sample < resamples; sample++) {
    confusion.fill(0);
    for (let draw = 0; draw < groupCount; draw++) {
      const group = random.integer(groupCount);
      for (let at = starts[group]; at < starts[group + 1]; at++) confusion[cells[at]] += counts[at];
    }
    samples.push(confusionMeasures(confusion, classCount));
  }
  const ends = (measure: (sample: ConfusionMeasures) => number | null) => endsOf(samples.map(measure));
  return {
    groupCount,
    intervals: {
      accuracy: ends((sample) => sample.accuracy),
      balancedAccuracy: ends((sample) => sample.balancedAccuracy),
      macroF1: ends((sample) => sample.macroF1),
      perClass: Array.from({ length: classCount }, (_, index) => ({
        precision: ends((sample) => sample.perClass[index].precision),
        recall: ends((sample) => sample.perClass[index].recall),
      })),
    },
  };
}

function countByGroup({ truth, predicted, classCount, groups }: Answers): GroupCounts {
  const byGroup: Map<number, number>[] = [];
  const named = new Map<string, Map<number, number>>();
  for (let item = 0; item < truth.length; item++) {
    const name = groups?.[item] ?? null;
    let own = name === null ? undefined : named.get(name);
    if (!own) {
      own = new Map();
      byGroup.push(own);
      if (name !== null) named.set(name, own);
    }
    const cell = truth[item] * classCount + predicted[item];
    own.set(cell, (own.get(cell) ?? 0) + 1);
  }
  const starts = new Int32Array(byGroup.length + 1);
  for (const [group, own] of byGroup.entries()) starts[group + 1] = starts[group] + own.size;
  return {
    starts,
    cells: Int32Array.from(byGroup.flatMap((own) => [...own.keys()])),
    counts: Int32Array.from(byGroup.flatMap((own) => [...own.values()])),
  };
}

/** The 2.5% and 97.5% quantiles of what is defined, interpolated linearly. */
function endsOf(values: readonly (number | null)[]): Ends {
  const sorted = Float64Array.from(values.filter((value) => value !== null)).sort();
  if (sorted.length === 0) return { low: null, high: null };
  const quantile = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  };
  return { low: quantile(0.025), high: quantile(0.975) };
}
