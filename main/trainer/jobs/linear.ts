import type { Evaluation } from '../../contract/evaluation.ts';
import type { Part } from '../../contract/images.ts';
import type { LinearMethod, RunResult } from '../../contract/runs.ts';
import { pickCodes, readCodes } from '../../database/codes.ts';
import { openForReading } from '../../database/open.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { type FitInput, fitLinear, type LinearClassifier, predictLinear } from '../../engine/linear/fit.ts';
import { buildHead } from '../../engine/linear/head.ts';
import type { Matrix } from '../../engine/linear/standardise.ts';
import type { JobContext } from '../context.ts';
import { countParts, type LabelledData, measureRows, pickRows, rowsOfPart, rowsWhere } from '../labelled-data.ts';

interface LinearParams {
  readonly codesFile: string;
  readonly setId: number;
  readonly data: LabelledData;
  readonly method: LinearMethod;
  readonly seed: number;
}

export interface TrainLinearParams extends LinearParams {
  /** Items without a label, which the classifier is asked about. */
  readonly others: readonly number[];
}

export interface TrainLinearResult {
  /** An ONNX file: codes [N, D] to probabilities [N, C]. */
  readonly head: Uint8Array;
  readonly result: RunResult;
  /** [N, C], of every labelled item. */
  readonly probabilities: Float32Array;
  /** The likeliest class of each of the others, and its probability. */
  readonly suggestions: { readonly classIndices: Int32Array; readonly probabilities: Float32Array };
}

/** Trains a linear classifier on stored codes, and measures it on the test part. */
export async function trainLinear(params: TrainLinearParams, context: JobContext): Promise<TrainLinearResult> {
  const { data } = params;
  const codes = loadCodes(params);
  const classifier = await fit(params, codes, data.parts, 'Training', context);
  context.progress('Measuring', 0);
  const probabilities = await predictLinear(classifier, codes, () => context.breathe());
  await context.breathe();
  const test = rowsOfPart(data, 'test');
  return {
    head: writeModel(buildHead(classifier)),
    probabilities,
    suggestions: await suggest(params, classifier, context),
    result: {
      regularisation: classifier.regularisation,
      grid: [...classifier.grid],
      counts: countParts(data),
      test: test.length ? await measureRows(data, probabilities, test, params.seed, context) : null,
    },
  };
}

/** Rows of codes that are asked about at once. */
const suggestedAtOnce = 4096;

async function suggest(
  { codesFile, setId, others, data }: TrainLinearParams,
  classifier: LinearClassifier,
  context: JobContext,
): Promise<TrainLinearResult['suggestions']> {
  const classes = data.classNames.length;
  const classIndices = new Int32Array(others.length);
  const probabilities = new Float32Array(others.length);
  const database = openForReading(codesFile);
  try {
    for (let start = 0; start < others.length; start += suggestedAtOnce) {
      context.progress('Answering for unlabelled items', start, others.length);
      const { ids, matrix, dimensions } = pickCodes(database, setId, others.slice(start, start + suggestedAtOnce));
      const answers = await predictLinear(classifier, { data: matrix, rows: ids.length, columns: dimensions }, () =>
        context.breathe(),
      );
      for (let row = 0; row < ids.length; row++) {
        const own = answers.subarray(row * classes, (row + 1) * classes);
        const best = own.reduce((at, value, index) => (value > own[at] ? index : at), 0);
        classIndices[start + row] = best;
        probabilities[start + row] = own[best];
      }
    }
  } finally {
    database.close();
  }
  return { classIndices, probabilities };
}

export interface CrossValidateParams extends LinearParams {
  /** The fold in which each item is held out, from 0; −1 for an item that never is. */
  readonly folds: Int32Array;
}

export interface CrossValidateResult {
  /** Over the items that were held out, each answered by the classifier that had not seen its group. */
  readonly evaluation: Evaluation;
  readonly foldScores: readonly {
    readonly items: number;
    readonly macroF1: number | null;
    readonly accuracy: number | null;
  }[];
}

/** Trains once a fold, every choice made anew inside it, and measures on what was held out. */
export async function crossValidate(params: CrossValidateParams, context: JobContext): Promise<CrossValidateResult> {
  const { data, folds, seed } = params;
  const codes = loadCodes(params);
  const count = countFolds(folds);
  const probabilities = await answerFolds(codes, data, folds, context, (fold) => {
    const parts = data.parts.map((_, row): Part => (folds[row] === fold ? 'test' : 'train'));
    return fit(params, codes, parts, `Fold ${fold + 1} of ${count}`, context);
  });
  const foldScores: CrossValidateResult['foldScores'][number][] = [];
  for (let fold = 0; fold < count; fold++) {
    const held = rowsWhere(data, (row) => folds[row] === fold);
    const { macroF1, accuracy } = await measureRows(data, probabilities, held, seed, context);
    foldScores.push({ items: held.length, macroF1: macroF1.value, accuracy: accuracy.value });
  }
  const measured = rowsWhere(data, (row) => folds[row] >= 0);
  return { evaluation: await measureRows(data, probabilities, measured, seed, context), foldScores };
}

export function countFolds(folds: Int32Array): number {
  return folds.reduce((a, b) => Math.max(a, b), -1) + 1;
}

/**
 * What is answered for the items of each fold by the classifier that is fitted without them.
 *
 * @returns [N, C]; rows that are in no fold are zero
 */
export async function answerFolds(
  codes: Matrix,
  data: LabelledData,
  folds: Int32Array,
  context: Pick<JobContext, 'breathe'>,
  fitWithout: (fold: number) => Promise<LinearClassifier>,
): Promise<Float32Array> {
  const classes = data.classNames.length;
  const probabilities = new Float32Array(codes.rows * classes);
  for (let fold = 0; fold < countFolds(folds); fold++) {
    const held = rowsWhere(data, (row) => folds[row] === fold);
    const answers = await predictLinear(await fitWithout(fold), pickRows(codes, held), () => context.breathe());
    for (const [at, row] of held.entries())
      probabilities.set(answers.subarray(at * classes, (at + 1) * classes), row * classes);
  }
  return probabilities;
}

/** The codes of the labelled items, row by row. */
export function loadCodes({ codesFile, setId, data }: Pick<LinearParams, 'codesFile' | 'setId' | 'data'>): Matrix {
  const database = openForReading(codesFile);
  try {
    const { ids, matrix, dimensions } = readCodes(database, setId, data.ids);
    if (ids.length !== data.ids.length) throw new Error(`${data.ids.length - ids.length} codes are missing`);
    return { data: matrix, rows: ids.length, columns: dimensions };
  } finally {
    database.close();
  }
}

function fit(
  params: LinearParams,
  codes: Matrix,
  parts: readonly Part[],
  step: string,
  context: JobContext,
): Promise<LinearClassifier> {
  const { data } = params;
  const input: FitInput = {
    codes,
    classes: data.classIndices,
    classNames: data.classNames,
    parts,
    groups: data.groups,
  };
  context.progress(step, 0);
  return fitLinear(input, {
    method: params.method,
    seed: params.seed,
    breathe: async (progress) => {
      if (progress) context.progress(step, progress.done, progress.total);
      await context.breathe();
    },
  });
}
