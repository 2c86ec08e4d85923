import { type Sigmoid, softplus } from './platt.ts';

export const linearMethods = ['softmax', 'svm'] as const;
export type LinearMethod = (typeof linearMethods)[number];

/** How one value of the regularisation did on items that were not fitted. */
export interface GridPoint {
  readonly value: number;
  readonly macroF1: number;
  /** Mean of −log(probability of the true class). */
  readonly logLoss: number;
}

/** A fitted linear classifier of CNN codes. */
export interface LinearClassifier {
  readonly method: LinearMethod;
  readonly classCount: number;
  readonly columns: number;
  /** Of each column of the codes that it was fitted to. */
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Of standardised codes; `classCount × columns`, row-major. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** From scores to probabilities, for an SVM: one a class. */
  readonly platt?: readonly Sigmoid[];
  /** λ of `mean loss + λ/2 ‖weights‖²` */
  readonly regularisation: number;
  /** Every value that was tried, strongest first. */
  readonly grid: readonly GridPoint[];
  /** Whether the grid was scored on the validation part or by folds of training and validation together. */
  readonly chosenOn: 'validation' | 'folds';
  /** Of the final fit: iterations of L-BFGS, or epochs of dual coordinate descent. */
  readonly iterations: number;
  /** Whether the final fit reached its tolerance. */
  readonly converged: boolean;
}

/**
 * Logarithms of the class probabilities of one row of scores: log softmax, or, with sigmoids, their probabilities
 * divided by their sum. Both are the log softmax of something, so nothing under- or overflows.
 *
 * @param scores of several rows; those of the row start at `start`
 */
export function logProbabilities(
  scores: ArrayLike<number>,
  start: number,
  classCount: number,
  platt?: readonly Sigmoid[],
): Float64Array {
  const values = new Float64Array(classCount);
  for (let c = 0; c < classCount; c++) {
    const score = scores[start + c];
    values[c] = platt ? -softplus(-(platt[c].slope * score + platt[c].offset)) : score;
  }
  const largest = values.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return values.map((value) => value - largest - Math.log(sum));
}
