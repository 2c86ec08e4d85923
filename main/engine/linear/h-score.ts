import { type Breathe, paced, type Pause } from './breathe.ts';
import {
  createKernel,
  gramModel,
  type Kernel,
  matrix,
  rowBlocks,
  type RowBlock,
  scoresModel,
  vector,
} from './kernels.ts';
import { dot } from './lbfgs.ts';
import { type Matrix, standardisation, standardiseRows } from './standardise.ts';

/** Squared residual, relative to where it began, at which a system counts as solved: far below the digits that are reported. */
const TOLERANCE = 1e-10;
const MAX_ITERATIONS = 1000;
/** Difference, relative to what is compared, that is taken for float32 rounding. */
const ROUNDING = 1e-6;

/**
 * How well classes stand apart in codes: tr(Σα⁻¹ · cov(E[x|y])) · (1 − α), with the codes' covariance shrunk towards a
 * multiple of the identity, Σα = (1 − α) Σ + α tr(Σ)/D · I (H-score of Bao et al. 2019, shrunk as by Ibrahim et al.,
 * arXiv 2110.06893, α by Ledoit & Wolf 2004). Columns are standardised first. Between 0 and the number of classes − 1,
 * more is better. It ranks networks roughly and decides nothing.
 *
 * @param classes class index of each row
 */
export async function hScore(
  codes: Matrix,
  classes: Int32Array,
  classCount: number,
  breathe: Breathe,
): Promise<number> {
  const pause = paced(breathe);
  const rows = Int32Array.from({ length: codes.rows }, (_, row) => row);
  const standard = await standardiseRows(codes, rows, await standardisation(codes, rows, pause), pause);
  const { columns } = standard;
  const blocks = rowBlocks(standard);
  const trace = sumOfSquares(standard.data) / codes.rows;
  if (trace === 0) return 0;
  const alpha = await shrinkage(standard, blocks, trace, pause);

  const { means, shares } = classMeans(standard, classes, classCount);
  const gram = await createKernel(gramModel());
  try {
    /** Σα times each of the vectors, `classCount × columns`. */
    const multiply = async (vectors: Float64Array): Promise<Float64Array> => {
      const product = vectors.map((value) => ((alpha * trace) / columns) * value);
      const tensor = matrix(Float32Array.from(vectors), classCount, columns);
      for (const block of blocks) {
        const { products } = await gram.run({ codes: block.tensor, vectors: tensor });
        for (let i = 0; i < product.length; i++) product[i] += ((1 - alpha) / codes.rows) * products[i];
        await pause();
      }
      return product;
    };
    const solved = await solve(multiply, means, classCount);
    let score = 0;
    for (let c = 0; c < classCount; c++) {
      const [from, to] = [c * columns, (c + 1) * columns];
      score += shares[c] * dot(means.subarray(from, to), solved.subarray(from, to));
    }
    return (1 - alpha) * score;
  } finally {
    await gram.release();
  }
}

/** How much of the covariance Ledoit and Wolf (2004, lemmas 3.2 to 3.4) take from the identity: 0 to 1, more with fewer rows. */
async function shrinkage(
  { data, rows, columns }: Matrix,
  blocks: readonly RowBlock[],
  trace: number,
  pause: Pause,
): Promise<number> {
  // ‖Σ‖² = ‖X Xᵀ‖² / n², without a matrix of columns by columns.
  const scores = await createKernel(scoresModel());
  let covariance = 0;
  for (const left of blocks)
    for (const right of blocks) {
      covariance += sumOfSquares(await product(scores, left, right)) / rows ** 2;
      await pause();
    }
  await scores.release();
  let fourth = 0;
  for (let row = 0; row < rows; row++) fourth += sumOfSquares(data.subarray(row * columns, (row + 1) * columns)) ** 2;
  const fromIdentity = covariance - trace ** 2 / columns;
  const uncertainty = Math.max((fourth / rows - covariance) / rows, 0);
  // Where the covariance is such a multiple already, there is nothing to shrink.
  return fromIdentity <= ROUNDING * covariance ? 0 : Math.min(uncertainty / fromIdentity, 1);
}

async function product(scores: Kernel, left: RowBlock, right: RowBlock): Promise<Float32Array> {
  const result = await scores.run({
    codes: left.tensor,
    weights: right.tensor,
    bias: vector(new Float32Array(right.rows)),
  });
  return result.scores;
}

function classMeans(
  { data, rows, columns }: Matrix,
  classes: Int32Array,
  classCount: number,
): { means: Float64Array; shares: Float64Array } {
  const means = new Float64Array(classCount * columns);
  const shares = new Float64Array(classCount);
  for (let row = 0; row < rows; row++) {
    const from = classes[row] * columns;
    shares[classes[row]] += 1 / rows;
    for (let j = 0; j < columns; j++) means[from + j] += data[row * columns + j] / rows;
  }
  for (let i = 0; i < means.length; i++) means[i] /= shares[Math.floor(i / columns)] || 1;
  return { means, shares };
}

/** Solves a symmetric positive definite system for several right-hand sides by conjugate gradients, each on its own. */
async function solve(
  multiply: (vectors: Float64Array) => Promise<Float64Array>,
  right: Float64Array,
  count: number,
): Promise<Float64Array> {
  const columns = right.length / count;
  const part = (values: Float64Array, c: number) => values.subarray(c * columns, (c + 1) * columns);
  const solution = new Float64Array(right.length);
  const residual = right.slice();
  const direction = right.slice();
  const norms = Float64Array.from({ length: count }, (_, c) => dot(part(residual, c), part(residual, c)));
  const enough = norms.map((norm) => TOLERANCE * norm);
  for (let iteration = 0; iteration < MAX_ITERATIONS && norms.some((norm, c) => norm > enough[c]); iteration++) {
    const image = await multiply(direction);
    for (let c = 0; c < count; c++) {
      if (norms[c] <= enough[c]) continue;
      const [own, ownImage, left] = [part(direction, c), part(image, c), part(residual, c)];
      const step = norms[c] / dot(own, ownImage);
      for (let j = 0; j < columns; j++) {
        solution[c * columns + j] += step * own[j];
        left[j] -= step * ownImage[j];
      }
      const norm = dot(left, left);
      for (let j = 0; j < columns; j++) own[j] = left[j] + (norm / norms[c]) * own[j];
      norms[c] = norm;
    }
  }
  return solution;
}

function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return sum;
}
