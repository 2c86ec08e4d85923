import { readFileSync } from 'node:fs';
import type { FitInput } from '../../main/engine/linear/fit.ts';
import type { Problem } from '../../main/engine/linear/solver.ts';
import { createRandom } from '../../main/engine/random.ts';

interface SoftmaxReference {
  readonly lambda: number;
  readonly objective: number;
  readonly weights: number[];
  readonly bias: number[];
}

interface SvmReference {
  readonly lambda: number;
  readonly objective: number;
}

interface References {
  readonly softmax: readonly SoftmaxReference[];
  readonly hinge: readonly SvmReference[];
  readonly 'squared-hinge': readonly SvmReference[];
}

interface ReferenceProblem {
  readonly rows: number;
  readonly columns: number;
  readonly classCount: number;
  readonly codes: number[];
  readonly classes: number[];
  readonly none: References;
  readonly balanced: References;
}

/** What scikit-learn, LIBLINEAR and SciPy say: see test/fixtures/make_linear.py. */
export const references = JSON.parse(readFileSync(new URL('../fixtures/linear.json', import.meta.url), 'utf8')) as {
  readonly problems: readonly ReferenceProblem[];
  readonly sigmoid: {
    readonly scores: number[];
    readonly positive: boolean[];
    readonly slope: number;
    readonly offset: number;
  };
};

export const weightings = ['none', 'balanced'] as const;

/** A reference problem, each item weighted as scikit-learn weighted it. */
export function problemOf(reference: ReferenceProblem, weighting: (typeof weightings)[number]): Problem {
  const { rows, columns, classCount } = reference;
  const counts = new Float64Array(classCount);
  for (const one of reference.classes) counts[one] += 1;
  return {
    codes: { data: Float32Array.from(reference.codes), rows, columns },
    classes: Int32Array.from(reference.classes),
    classCount,
    rowWeights: Float64Array.from(reference.classes, (one) =>
      weighting === 'balanced' ? rows / (classCount * counts[one]) : 1,
    ),
  };
}

export interface SyntheticOptions {
  readonly rows: number;
  readonly columns?: number;
  readonly names?: readonly string[];
  /** Distance of the classes' means, in deviations of a column. */
  readonly distance?: number;
  /** Rows of one group, one after the other. */
  readonly groupSize?: number;
  readonly seed?: number;
}

/** Overlapping classes, each row's class drawn at random; of every five rows one is for test and one for validation. */
export function syntheticInput(options: SyntheticOptions): FitInput & { readonly classes: Int32Array } {
  const { rows, columns = 12, names = ['round', 'oval', 'flat'], distance = 0.8, groupSize = 1, seed = 1 } = options;
  const random = createRandom(seed);
  const centres = Float64Array.from({ length: names.length * columns }, () => distance * random.normal());
  const classes = Int32Array.from({ length: rows }, () => random.integer(names.length));
  const data = Float32Array.from(
    { length: rows * columns },
    (_, at) => 3 + random.normal() + centres[classes[Math.floor(at / columns)] * columns + (at % columns)],
  );
  const group = (row: number) => Math.floor(row / groupSize);
  return {
    codes: { data, rows, columns },
    classes,
    classNames: names,
    parts: Array.from(classes, (_class, row) =>
      group(row) % 5 === 0 ? 'test' : group(row) % 5 === 1 ? 'validation' : 'train',
    ),
    groups: Array.from(classes, (_class, row) => `slide ${group(row)}`),
  };
}
