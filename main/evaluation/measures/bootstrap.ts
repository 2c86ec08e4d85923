import { createRandom } from '../../engine/random.ts';
import { confusionMeasures, type ConfusionMeasures } from './confusion.ts';
import { createMultinomial } from './multinomial.ts';

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

/** Of 20,000 groups that all differ, a sample takes a millisecond. */
const samplesABreath = 10;

/** Groups with the same counts in the confusion matrix. */
interface Kind {
  groups: number;
  /** Places in the matrix that are not zero. */
  readonly cells: Int32Array;
  readonly counts: Int32Array;
}

/**
 * 95% percentile intervals by bootstrap (Efron 1979) over groups: as many groups as there are, drawn with replacement,
 * because items of one group (patient, slide) resemble each other and count for less than as many independent ones. Where a
 * sample does not define a measure (no item of the class was drawn), it is left out of that measure's interval. With fewer
 * than two groups nothing is known about other groups: no interval.
 */
export async function bootstrapIntervals(
  answers: Answers,
  {
    seed,
    resamples,
    breathe,
  }: { readonly seed: number; readonly resamples: number; readonly breathe: () => Promise<void> },
): Promise<{ groupCount: number; intervals: Intervals }> {
  const { classCount } = answers;
  const kinds = kindsOfGroups(answers);
  const groupCount = kinds.reduce((sum, { groups }) => sum + groups, 0);
  const samples: ConfusionMeasures[] = [];
  const draw = createMultinomial(
    kinds.map(({ groups }) => groups),
    createRandom(seed),
  );
  const confusion = new Float64Array(classCount * classCount);
  for (let sample = 0; groupCount >= 2 && sample < resamples; sample++) {
    confusion.fill(0);
    const times = draw();
    for (let kind = 0; kind < kinds.length; kind++) {
      if (times[kind] === 0) continue;
      const { cells, counts } = kinds[kind];
      for (let at = 0; at < cells.length; at++) confusion[cells[at]] += times[kind] * counts[at];
    }
    samples.push(confusionMeasures(confusion, classCount));
    if (sample % samplesABreath === 0) await breathe();
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

function kindsOfGroups({ truth, predicted, classCount, groups }: Answers): Kind[] {
  const cellsOfGroups: number[][] = [];
  const named = new Map<string, number[]>();
  for (let item = 0; item < truth.length; item++) {
    const cell = truth[item] * classCount + predicted[item];
    const name = groups?.[item] ?? null;
    const known = name === null ? undefined : named.get(name);
    if (known) {
      known.push(cell);
      continue;
    }
    const own = [cell];
    cellsOfGroups.push(own);
    if (name !== null) named.set(name, own);
  }
  const kinds = new Map<string, Kind>();
  for (const cells of cellsOfGroups) {
    const key = cells.sort((a, b) => a - b).join();
    const known = kinds.get(key);
    if (known) known.groups += 1;
    else {
      const distinct = Int32Array.from(new Set(cells));
      const counts = distinct.map((cell) => cells.lastIndexOf(cell) - cells.indexOf(cell) + 1);
      kinds.set(key, { groups: 1, cells: distinct, counts });
    }
  }
  return [...kinds.values()];
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
