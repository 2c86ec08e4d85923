import { EngineError } from '../errors.ts';
import { forEachPaused, type Pause } from './breathe.ts';
import type { Matrix } from './standardise.ts';

/** Codes with what is known of each row. Position i of each list is row i. */
export interface FitInput {
  readonly codes: Matrix;
  /** Class index; −1 for a row without a class, which is left out. */
  readonly classes: ArrayLike<number>;
  readonly classNames: readonly string[];
  /** Rows of the test part are never looked at. */
  readonly parts: readonly ('train' | 'validation' | 'test')[];
  /** Rows of one group are never divided between folds. null, or no list: a row on its own. */
  readonly groups?: readonly (string | null)[];
}

/** Indices of the rows to fit on and to choose on. */
export interface Development {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** Both, in the order of the rows. */
  readonly all: Int32Array;
}

/**
 * The rows that may be used for fitting.
 *
 * @throws EngineError when lists and codes disagree, when there are fewer than two classes, when a class has no item to
 *   learn from, or when a code is not finite
 */
export async function developmentRows(input: FitInput, pause: Pause): Promise<Development> {
  const { codes, classes, classNames, parts, groups } = input;
  for (const [what, { length }] of Object.entries({ classes, parts, ...(groups ? { groups } : {}) }))
    if (length !== codes.rows) throw new EngineError(`There are ${codes.rows} codes but ${length} ${what}.`);
  if (codes.data.length !== codes.rows * codes.columns)
    throw new EngineError(`${codes.data.length} values are not ${codes.rows} codes of ${codes.columns}.`);
  if (classNames.length < 2) throw new EngineError('A classifier needs at least two classes.');

  const all: number[] = [];
  for (let row = 0; row < codes.rows; row++) if (parts[row] !== 'test' && classes[row] >= 0) all.push(row);
  const counts = countsOf(input, all);
  if (counts.includes(0)) {
    const listed = classNames.map((name, c) => `${name}: ${counts[c]}`).join(', ');
    const missing = classNames.filter((_, c) => counts[c] === 0);
    throw new EngineError(
      `${missing.length === 1 ? 'A class has' : `${missing.length} classes have`} no item outside the test part to learn ` +
        `from: ${missing.join(', ')}. Items by class: ${listed}. Label more items, split again, or remove the class.`,
    );
  }
  await forEachPaused(all.length, pause, (i) => {
    const start = all[i] * codes.columns;
    for (let at = start; at < start + codes.columns; at++)
      if (!Number.isFinite(codes.data[at]))
        throw new EngineError(
          `Code ${all[i]} holds a value that is not a finite number (${codes.data[at]}). Compute the codes anew; if it ` +
            `stays, the network or its preprocessing does not suit these images.`,
        );
  });
  return {
    train: Int32Array.from(all.filter((row) => parts[row] === 'train')),
    validation: Int32Array.from(all.filter((row) => parts[row] === 'validation')),
    all: Int32Array.from(all),
  };
}

/** How many of some rows each class has. */
export function countsOf({ classes, classNames }: FitInput, rows: ArrayLike<number>): number[] {
  const counts = classNames.map(() => 0);
  for (let i = 0; i < rows.length; i++) counts[classes[rows[i]]] += 1;
  return counts;
}
