import type { Part } from '../../contract/images.ts';
import type { PointProbe } from '../../contract/probes.ts';
import { fitLinear, type LinearClassifier, logGrid } from '../../engine/linear/fit.ts';
import { hScore } from '../../engine/linear/h-score.ts';
import { logMe } from '../../engine/linear/log-me.ts';
import type { Matrix } from '../../engine/linear/standardise.ts';
import type { JobContext } from '../context.ts';
import { type LabelledData, measureRows, rowsWhere } from '../labelled-data.ts';
import { answerFolds, countFolds, loadCodes } from './linear.ts';

export interface ProbeParams {
  readonly codesFile: string;
  /** Freeze points with the sets that hold their codes, in the order in which they are to be probed. */
  readonly points: readonly { readonly name: string; readonly setId: number }[];
  readonly data: LabelledData;
  /** The fold in which each item is held out, from 0; −1 for an item that never is. */
  readonly folds: Int32Array;
  readonly seed: number;
  /** The point at which networks are compared by H-score and LogME. */
  readonly hintsAt: string;
}

export interface ProbeOutput {
  readonly point: string;
  readonly probe: PointProbe;
}

/**
 * A probe compares places in a network, and is no classifier to be used: seven values of λ, strongest first and each
 * fitted from the one before. Not to a looser tolerance, though: where λ is small, a fit that stops early may be far off
 * (white cells, 298 items, one point: 0.67 in place of 0.88).
 */
const grid = logGrid(10, 1e-5, 7);

/**
 * Measures a softmax regression on the codes of every point by cross-validation. λ is chosen inside each fold, on the next
 * fold (by five-fold cross-validation where that lacks a class), and the classifier fitted anew to all but the fold itself.
 */
export async function probe(params: ProbeParams, context: JobContext<ProbeOutput>): Promise<null> {
  const { points, data, folds, seed, codesFile, hintsAt } = params;
  const breathe = () => context.breathe();
  const count = countFolds(folds);
  const measured = rowsWhere(data, (row) => folds[row] >= 0);
  for (const [index, { name, setId }] of points.entries()) {
    const codes = loadCodes({ codesFile, setId, data });
    const probabilities = await answerFolds(codes, data, folds, context, (fold) => {
      context.progress('Probing', index * count + fold, points.length * count);
      return fitWithout(fold, { codes, data, folds, seed, count, breathe });
    });
    const { items, groups, macroF1, accuracy } = await measureRows(data, probabilities, measured, seed, context);
    const hints = name === hintsAt ? await hintsOf(codes, data, breathe) : { hScore: null, logMe: null };
    context.output({
      point: name,
      probe: { dimensions: codes.columns, items, groups, folds: count, macroF1, accuracy, ...hints },
    });
  }
  context.progress('Probing', points.length * count, points.length * count);
  return null;
}

/** LogME takes the cube of how many rows or columns there are. */
const mostForLogMe = 1000;

async function hintsOf(
  codes: Matrix,
  { classIndices, classNames }: LabelledData,
  breathe: () => Promise<void>,
): Promise<{ hScore: number; logMe: number }> {
  const score = await hScore(codes, classIndices, classNames.length, breathe);
  // Evenly from each class.
  const sorted = Array.from(classIndices.keys()).sort((a, b) => classIndices[a] - classIndices[b]);
  const rows = Math.min(sorted.length, mostForLogMe);
  const chosen = Array.from({ length: rows }, (_, at) => sorted[Math.floor((at * sorted.length) / rows)]);
  const { columns } = codes;
  const data = new Float32Array(rows * columns);
  for (const [at, row] of chosen.entries())
    data.set(codes.data.subarray(row * columns, (row + 1) * columns), at * columns);
  const classes = Int32Array.from(chosen, (row) => classIndices[row]);
  return { hScore: score, logMe: await logMe({ data, rows, columns }, classes, classNames.length, breathe) };
}

export interface Folded {
  readonly codes: Matrix;
  readonly data: LabelledData;
  readonly folds: Int32Array;
  readonly count: number;
  readonly seed: number;
  readonly breathe: () => Promise<void>;
}

/** The probe that is asked about one fold: fitted to the others, λ chosen on the next. */
export function fitWithout(
  fold: number,
  { codes, data, folds, count, seed, breathe }: Folded,
): Promise<LinearClassifier> {
  const next = (fold + 1) % count;
  const parts = Array.from(folds, (own): Part => (own === fold ? 'test' : own === next ? 'validation' : 'train'));
  const { classIndices: classes, classNames, groups } = data;
  const options = { method: 'softmax', regularisations: grid, seed, breathe } as const;
  return fitLinear({ codes, classes, classNames, parts, groups }, options);
}
