import type { Evaluation } from '../contract/evaluation.ts';
import type { Part } from '../contract/images.ts';
import type { Matrix } from '../engine/linear/standardise.ts';
import { measure } from '../evaluation/measures/measure.ts';
import type { JobContext } from './context.ts';

/** Labelled items; position i of each list is the same item. */
export interface LabelledData {
  readonly ids: readonly number[];
  readonly classIndices: Int32Array;
  readonly parts: readonly Part[];
  /** Items of one group are never divided, and are drawn together for intervals. */
  readonly groups: readonly string[];
  readonly classNames: readonly string[];
}

export function rowsWhere(data: LabelledData, keep: (row: number) => boolean): number[] {
  return data.ids.flatMap((_, row) => (keep(row) ? [row] : []));
}

/** The rows of one part. */
export function rowsOfPart(data: LabelledData, part: Part): number[] {
  return rowsWhere(data, (row) => data.parts[row] === part);
}

export function countParts(data: LabelledData): Record<Part, number> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const part of data.parts) counts[part]++;
  return counts;
}

export function pickRows(codes: Matrix, rows: readonly number[]): Matrix {
  const { columns } = codes;
  const data = new Float32Array(rows.length * columns);
  for (const [at, row] of rows.entries())
    data.set(codes.data.subarray(row * columns, (row + 1) * columns), at * columns);
  return { data, rows: rows.length, columns };
}

/** Measures the answers for some rows. @param probabilities [N, C], of all rows */
export function measureRows(
  data: LabelledData,
  probabilities: Float32Array,
  rows: readonly number[],
  seed: number,
  context: Pick<JobContext, 'breathe'>,
): Promise<Evaluation> {
  const { data: picked } = pickRows(
    { data: probabilities, rows: data.ids.length, columns: data.classNames.length },
    rows,
  );
  return measure(
    {
      truth: Int32Array.from(rows, (row) => data.classIndices[row]),
      probabilities: picked,
      classNames: data.classNames,
      groups: rows.map((row) => data.groups[row]),
    },
    { seed, breathe: () => context.breathe() },
  );
}
