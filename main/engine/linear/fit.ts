import { type Breathe, neverCancelled, paced, type Pause } from './breathe.ts';
import { type GridPoint, type LinearClassifier, type LinearMethod, logProbabilities } from './classifier.ts';
import { buildHead } from './head.ts';
import { countsOf, developmentRows, type FitInput } from './input.ts';
import { createKernel, type Kernel, matrix, rowBlocks, scoresModel, vector } from './kernels.ts';
import { fitSigmoids, type Sigmoid } from './platt.ts';
import { confusionOf, indexOfLargest, macroF1 } from './scores.ts';
import { createSoftmaxSolver } from './softmax.ts';
import type { Problem, Solution, Solver } from './solver.ts';
import { type Matrix, type Standardisation, standardisation, standardiseRows } from './standardise.ts';
import { dealGroups, groupNumbers } from './stratify.ts';
import { createSvmSolver, type SvmLoss } from './svm.ts';

export type { LinearClassifier } from './classifier.ts';
export type { FitInput } from './input.ts';

export interface FitOptions {
  readonly method: LinearMethod;
  /** Of an SVM; squared hinge when absent, which converges sooner. */
  readonly loss?: SvmLoss;
  /**
   * `balanced` weighs each item by items / (classes · items of its class). The default is `none`: weighing treats all
   * classes as equally frequent, so probabilities no longer match how often each occurs, and log loss and calibration
   * suffer. Rare classes already have their say in the choice of λ, by macro-F1.
   */
  readonly classWeights?: 'none' | 'balanced';
  readonly seed?: number;
  /**
   * Which rows the classifier is fitted to in the end; both parts when absent. `train` leaves validation rows unseen, for
   * further training that is judged on them; where the training rows lack a class, both are used all the same.
   */
  readonly finalRows?: 'development' | 'train';
  /** Values of λ to try. */
  readonly regularisations?: readonly number[];
  readonly breathe?: Breathe;
}

/** `count` values from `first` to `last` in equal ratios. */
export function logGrid(first: number, last: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first * (last / first) ** (i / (count - 1)));
}

/**
 * Strongest first, as warm starts want it. Softmax: the usual 45 values from 1e5 to 1e−6. SVM: 21 values from 100 to 1e−3;
 * weaker penalties leave the margin as hard as it can be, and coordinate descent needs many epochs for them.
 */
const grids: Readonly<Record<LinearMethod, readonly number[]>> = {
  softmax: logGrid(1e5, 1e-6, 45),
  svm: logGrid(1e2, 1e-3, 21),
};

/** Of a softmax's relative gradient and of an SVM's relative duality gap: to compare values of λ, and in the end. */
export const tolerances: Readonly<Record<LinearMethod, { readonly search: number; readonly final: number }>> = {
  softmax: { search: 3e-4, final: 1e-5 },
  svm: { search: 1e-2, final: 1e-3 },
};

/** Folds within the training items, for choosing λ and for an SVM's out-of-fold scores. */
const FOLDS = 5;

/**
 * Fits a linear classifier to CNN codes by the usual protocol. Codes are standardised by the training rows alone; λ is
 * chosen by its macro-F1 on the validation rows (the measure that the studio reports, in which every class counts the
 * same; ties, which are common on few items, go to the smaller log loss); the classifier is then fitted
 * anew, standardisation included, to training and validation rows together. Where validation or training lacks a
 * class, λ is chosen by five-fold cross-validation over both, by group. An SVM's sigmoids are fitted to scores of the
 * same folds, each row's from a classifier that has not seen its group. The same input and seed give the same bits.
 *
 * @throws EngineError as developmentRows does; whatever `breathe` throws
 */
export async function fitLinear(input: FitInput, options: FitOptions): Promise<LinearClassifier> {
  const breathe = options.breathe ?? neverCancelled;
  const pause = paced(breathe);
  const rows = await developmentRows(input, pause);
  const grid = [...(options.regularisations ?? grids[options.method])].sort((a, b) => b - a);
  const complete = [rows.train, rows.validation].every((part) => !countsOf(input, part).includes(0));
  const folds = foldsOf(input, rows.all, options.seed ?? 0);
  const splits = complete ? [{ fitted: rows.train, scored: rows.validation }] : folds;

  const total = splits.length * grid.length + 1 + (options.method === 'svm' ? folds.length : 0);
  let done = 0;
  const task: Task = { input, options, breathe, pause, advance: () => breathe({ done: ++done, total }) };

  const scorer = await createKernel(scoresModel());
  try {
    const scored = await searchGrid(task, splits, grid, scorer);
    const { value: regularisation } = bestOf(scored);
    const trainSuffices = !countsOf(input, rows.train).includes(0);
    const finalRows = options.finalRows === 'train' && trainSuffices ? rows.train : rows.all;
    const { solution, standard } = await solveOn(task, finalRows, regularisation);
    const platt = options.method === 'svm' ? await calibrate(task, folds, rows.all, regularisation, scorer) : undefined;
    return {
      method: options.method,
      classCount: input.classNames.length,
      columns: input.codes.columns,
      ...standard,
      weights: solution.weights,
      bias: solution.bias,
      ...(platt ? { platt } : {}),
      regularisation,
      grid: scored,
      chosenOn: complete ? 'validation' : 'folds',
      iterations: solution.iterations,
      converged: solution.converged,
    };
  } finally {
    await scorer.release();
  }
}

/** What every stage of one fit needs. */
interface Task {
  readonly input: FitInput;
  readonly options: FitOptions;
  readonly breathe: Breathe;
  readonly pause: Pause;
  /** Reports that one more of the fit's steps is done. */
  readonly advance: () => Promise<void>;
}

/** Rows to fit to and rows to score. */
interface Fold {
  readonly fitted: Int32Array;
  readonly scored: Int32Array;
}

/** By group where there are two groups at least, else by row. */
function foldsOf({ classes, classNames, groups }: FitInput, rows: Int32Array, seed: number): Fold[] {
  const own = Int32Array.from(rows, (row) => classes[row]);
  const known = groupNumbers(Array.from(rows, (row) => groups?.[row] ?? null));
  const numbers = new Set(known).size > 1 ? known : rows;
  const count = Math.min(FOLDS, new Set(numbers).size);
  const folds = dealGroups(own, numbers, classNames.length, { shares: new Array<number>(count).fill(1 / count), seed });
  return Array.from({ length: count }, (_, fold) => ({
    fitted: rows.filter((_row, i) => folds[i] !== fold),
    scored: rows.filter((_row, i) => folds[i] === fold),
  })).filter(({ scored, fitted }) => scored.length > 0 && fitted.length > 0);
}

async function solverFor(
  { input, options, breathe, pause }: Task,
  rows: Int32Array,
  stage: 'search' | 'final',
): Promise<{ solver: Solver; standard: Standardisation }> {
  const standard = await standardisation(input.codes, rows, pause);
  const problem: Problem = {
    codes: await standardiseRows(input.codes, rows, standard, pause),
    classes: Int32Array.from(rows, (row) => input.classes[row]),
    classCount: input.classNames.length,
    rowWeights: rowWeights(input, rows, options.classWeights ?? 'none'),
  };
  const tolerance = tolerances[options.method][stage];
  const solver =
    options.method === 'softmax'
      ? await createSoftmaxSolver(problem, { tolerance }, breathe)
      : await createSvmSolver(
          problem,
          { tolerance, loss: options.loss ?? 'squared-hinge', seed: options.seed ?? 0 },
          breathe,
        );
  return { solver, standard };
}

function rowWeights(input: FitInput, rows: Int32Array, weights: 'none' | 'balanced'): Float64Array {
  const counts = countsOf(input, rows);
  const present = counts.filter((count) => count > 0).length;
  return Float64Array.from(rows, (row) =>
    weights === 'balanced' ? rows.length / (present * counts[input.classes[row]]) : 1,
  );
}

async function solveOn(task: Task, rows: Int32Array, regularisation: number) {
  const { solver, standard } = await solverFor(task, rows, 'final');
  try {
    const solution = await solver.solve(regularisation);
    await task.advance();
    return { solution, standard };
  } finally {
    await solver.release();
  }
}

/** How every value of the grid does on the scored rows of all splits together. */
async function searchGrid(
  task: Task,
  splits: readonly Fold[],
  grid: readonly number[],
  scorer: Kernel,
): Promise<GridPoint[]> {
  const { input, options, pause } = task;
  const classCount = input.classNames.length;
  const confusions = grid.map(() => new Float64Array(classCount * classCount));
  const losses = new Float64Array(grid.length);
  let count = 0;
  for (const { fitted, scored } of splits) {
    const { solver, standard } = await solverFor(task, fitted, 'search');
    try {
      const codes = await standardiseRows(input.codes, scored, standard, pause);
      const truth = Int32Array.from(scored, (row) => input.classes[row]);
      count += truth.length;
      for (const [i, value] of grid.entries()) {
        const scores = await scoresOf(scorer, codes, await solver.solve(value), pause);
        // An SVM has no probabilities yet; sigmoids fitted to the scored rows themselves do for breaking ties.
        const platt = options.method === 'svm' ? await fitSigmoids(scores, truth, classCount, pause) : undefined;
        const predicted = truth.map((class_, row) => {
          const logarithms = logProbabilities(scores, row * classCount, classCount, platt);
          losses[i] -= logarithms[class_];
          return indexOfLargest(logarithms, 0, classCount);
        });
        for (const [cell, n] of confusionOf(truth, predicted, classCount).entries()) confusions[i][cell] += n;
        await task.advance();
      }
    } finally {
      await solver.release();
    }
  }
  return grid.map((value, i) => ({
    value,
    macroF1: macroF1(confusions[i], classCount) ?? 0,
    logLoss: losses[i] / count,
  }));
}

function bestOf(grid: readonly GridPoint[]): GridPoint {
  return grid.reduce((best, point) =>
    point.macroF1 > best.macroF1 || (point.macroF1 === best.macroF1 && point.logLoss < best.logLoss) ? point : best,
  );
}

async function scoresOf(
  scorer: Kernel,
  codes: Matrix,
  { weights, bias }: Solution,
  pause: Pause,
): Promise<Float32Array> {
  const classCount = bias.length;
  const result = new Float32Array(codes.rows * classCount);
  const feeds = {
    weights: matrix(Float32Array.from(weights), classCount, codes.columns),
    bias: vector(Float32Array.from(bias)),
  };
  for (const { first, tensor } of rowBlocks(codes)) {
    const { scores } = await scorer.run({ codes: tensor, ...feeds });
    result.set(scores, first * classCount);
    await pause();
  }
  return result;
}

/** Sigmoids fitted to scores of rows that the scoring classifier has not seen. */
async function calibrate(
  task: Task,
  folds: readonly Fold[],
  rows: Int32Array,
  regularisation: number,
  scorer: Kernel,
): Promise<Sigmoid[]> {
  const { input, pause } = task;
  const classCount = input.classNames.length;
  const position = new Map(Array.from(rows, (row, i) => [row, i]));
  const scores = new Float32Array(rows.length * classCount);
  for (const { fitted, scored } of folds) {
    const { solution, standard } = await solveOn(task, fitted, regularisation);
    const codes = await standardiseRows(input.codes, scored, standard, pause);
    const own = await scoresOf(scorer, codes, solution, pause);
    for (const [i, row] of scored.entries())
      scores.set(own.subarray(i * classCount, (i + 1) * classCount), position.get(row)! * classCount);
  }
  const truth = Int32Array.from(rows, (row) => input.classes[row]);
  return fitSigmoids(scores, truth, classCount, pause);
}

/**
 * Class probabilities of codes, by the same graph that is exported.
 *
 * @returns `rows × classCount`, row-major
 */
export async function predictLinear(
  classifier: LinearClassifier,
  codes: Matrix,
  breathe: Breathe = neverCancelled,
): Promise<Float32Array> {
  const head = await createKernel(buildHead(classifier));
  try {
    const result = new Float32Array(codes.rows * classifier.classCount);
    for (const { first, tensor } of rowBlocks(codes)) {
      const { probabilities } = await head.run({ codes: tensor });
      result.set(probabilities, first * classifier.classCount);
      await breathe();
    }
    return result;
  } finally {
    await head.release();
  }
}
