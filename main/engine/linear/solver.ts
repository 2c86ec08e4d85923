import type { Matrix } from './standardise.ts';

/** What a linear classifier is fitted to. */
export interface Problem {
  /** Standardised codes, one row an item. */
  readonly codes: Matrix;
  /** The class index of each row. */
  readonly classes: Int32Array;
  readonly classCount: number;
  /** The weight of each row in the loss; their mean is 1. */
  readonly rowWeights: Float64Array;
}

/** Weights and bias that map standardised codes to one score a class. */
export interface Solution {
  /** `classCount × columns`, row-major. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
  /** The objective that was minimised. */
  readonly objective: number;
  readonly iterations: number;
  /** False when the iterations ran out or rounding stopped the descent before the tolerance was reached. */
  readonly converged: boolean;
}

/** Fits one problem at one regularisation after another, each from the last one's solution. */
export interface Solver {
  /** @param regularisation λ of `mean loss + λ/2 ‖weights‖²` */
  solve(regularisation: number): Promise<Solution>;
  release(): Promise<void>;
}
