import { createRandom } from '../random.ts';
import { type Breathe, forEachPaused, paced, type Pause } from './breathe.ts';
import { createKernel, matrix, type RowBlock, rowBlocks, rowGramModel, updateAndScoreModel } from './kernels.ts';
import type { Problem, Solution, Solver } from './solver.ts';
import type { Matrix } from './standardise.ts';

export type SvmLoss = 'hinge' | 'squared-hinge';

export interface SvmOptions {
  readonly loss: SvmLoss;
  /** Largest duality gap that is accepted, relative to the primal objective. */
  readonly tolerance: number;
  readonly maxEpochs?: number;
  readonly seed: number;
}

export interface SvmSolution extends Solution {
  /** Upper bound on how far the objective lies above the optimum, relative to it; the largest over the classes. */
  readonly gap: number;
}

export interface SvmSolver extends Solver {
  solve(regularisation: number): Promise<SvmSolution>;
}

/** Rows that are optimised together: more make the products faster and each epoch slower to converge. */
const BLOCK_ROWS = 64;
/** Epochs between two looks at the duality gap. */
const CHECK_EVERY = 3;

/** The one-vs-rest problem of one class. */
interface Dual {
  /** +1 for the rows of the class, −1 for the others. */
  readonly signs: Int8Array;
  readonly alpha: Float64Array;
  solved: boolean;
}

/**
 * Linear support vector machine, one class against the rest: for each class minimises
 * `λ/2 ‖w, b‖² + Σ wᵢ · max(0, 1 − yᵢ (w xᵢ + b))ᵖ / Σ wᵢ`, p = 1 (hinge) or 2 (squared hinge); the bias is the weight of an
 * appended constant 1, as in LIBLINEAR, with C = wᵢ / (λ Σ wᵢ).
 *
 * Dual coordinate descent (Hsieh et al. 2008), carried out by blocks of rows: the scores of a block come from one
 * product, each step then updates them by the block's own Gram matrix, and the block's changes reach the weights in
 * the next product. The steps are the ones of the plain method in another order, and most of the work is done by fast
 * products. Rows that are at rest (no projected gradient) cost next to nothing, so nothing is shrunk.
 */
export async function createSvmSolver(
  problem: Problem,
  { loss, tolerance, maxEpochs = 1000, seed }: SvmOptions,
  breathe: Breathe,
): Promise<SvmSolver> {
  const { classCount } = problem;
  const { rows, columns } = problem.codes;
  const pause = paced(breathe);
  const random = createRandom(seed);

  // Rows are dealt to blocks at random: neighbours are often of one class, and a block should hold a bit of everything.
  const order = random.shuffle(Int32Array.from({ length: rows }, (_, i) => i));
  const blocks = rowBlocks(await permuted(problem, order, pause), BLOCK_ROWS);
  const rowWeights = Float64Array.from(order, (row) => problem.rowWeights[row]);
  const totalWeight = rowWeights.reduce((sum, weight) => sum + weight, 0);
  const duals = Array.from({ length: classCount }, (_, c): Dual => {
    const signs = Int8Array.from(order, (row) => (problem.classes[row] === c ? 1 : -1));
    return { signs, alpha: new Float64Array(rows), solved: false };
  });

  const rowGram = await createKernel(rowGramModel(), 1);
  const grams: Float32Array[] = [];
  try {
    for (const { tensor } of blocks) {
      const { products } = await rowGram.run({ codes: tensor });
      grams.push(products.map((value) => value + 1));
      await pause();
    }
  } finally {
    await rowGram.release();
  }

  const kernel = await createKernel(updateAndScoreModel(), 1);
  let weights: Float32Array = new Float32Array(classCount * columns);
  const bias = new Float64Array(classCount);
  const nothing = matrix(new Float32Array(classCount), classCount, 1);
  const zeroRow = matrix(new Float32Array(columns), 1, columns);

  /** Adds `change [C, rows of the block]` times the block's rows to the weights; scores, without bias, of `next`. */
  async function advance(next: RowBlock, change = nothing, changed = zeroRow): Promise<Float32Array> {
    const feeds = { weights: matrix(weights, classCount, columns), change, changed, codes: next.tensor };
    const { updated, scores } = await kernel.run(feeds);
    weights = updated!;
    await pause();
    return scores;
  }

  /** Weights and bias anew from the duals: sets aside the rounding of many small updates. */
  async function rebuild(): Promise<void> {
    weights = new Float32Array(classCount * columns);
    bias.fill(0);
    for (const block of blocks) {
      const change = new Float32Array(classCount * block.rows);
      for (const [c, { signs, alpha }] of duals.entries())
        for (let i = 0; i < block.rows; i++) {
          const value = signs[block.first + i] * alpha[block.first + i];
          change[c * block.rows + i] = value;
          bias[c] += value;
        }
      await advance(blocks[0], matrix(change, classCount, block.rows), block.tensor);
    }
  }

  async function epoch(costs: Float64Array): Promise<void> {
    let change = nothing;
    let changed = zeroRow;
    const sequence = random.shuffle(blocks.map((_, i) => i));
    for (const at of sequence) {
      const block = blocks[at];
      const scores = Float64Array.from(await advance(block, change, changed));
      const next = new Float32Array(classCount * block.rows);
      const rowOrder = random.shuffle(Int32Array.from({ length: block.rows }, (_, i) => i));
      for (const [c, dual] of duals.entries()) {
        if (dual.solved) continue;
        const from = c * block.rows;
        const own = scores.subarray(from, from + block.rows);
        for (let i = 0; i < own.length; i++) own[i] += bias[c];
        bias[c] += descend(dual, block, grams[at], own, rowOrder, costs, loss, next.subarray(from, from + block.rows));
      }
      change = matrix(next, classCount, block.rows);
      changed = block.tensor;
    }
    await advance(blocks[0], change, changed);
  }

  /** Primal objectives and relative duality gaps by class, at the present weights; marks what is solved. */
  async function check(costs: Float64Array): Promise<{ objective: number; gap: number }> {
    const losses = new Float64Array(classCount);
    for (const block of blocks) {
      const scores = await advance(block);
      for (const [c, { signs }] of duals.entries())
        for (let i = 0; i < block.rows; i++) {
          const short = Math.max(0, 1 - signs[block.first + i] * (scores[c * block.rows + i] + bias[c]));
          losses[c] += costs[block.first + i] * (loss === 'hinge' ? short : short * short);
        }
    }
    let objective = 0;
    let worst = 0;
    for (const [c, dual] of duals.entries()) {
      const half = squaredNorm(c) / 2;
      const primal = half + losses[c];
      let gain = -half;
      for (let i = 0; i < rows; i++) {
        const alpha = dual.alpha[i];
        gain += alpha - (loss === 'hinge' ? 0 : (alpha * alpha) / (4 * costs[i]));
      }
      const gap = (primal - gain) / primal;
      dual.solved = gap <= tolerance;
      worst = Math.max(worst, gap);
      objective += primal;
    }
    return { objective, gap: worst };
  }

  function squaredNorm(c: number): number {
    let sum = bias[c] ** 2;
    for (let j = 0; j < columns; j++) sum += weights[c * columns + j] ** 2;
    return sum;
  }

  /** Scales each class's duals to the best multiple of themselves under the new costs. */
  async function restart(costs: Float64Array): Promise<void> {
    await rebuild();
    for (const [c, dual] of duals.entries()) {
      let sum = 0;
      let curvature = squaredNorm(c);
      let room = Infinity;
      for (let i = 0; i < rows; i++) {
        const alpha = dual.alpha[i];
        sum += alpha;
        if (loss === 'squared-hinge') curvature += (alpha * alpha) / (2 * costs[i]);
        else if (alpha > 0) room = Math.min(room, costs[i] / alpha);
      }
      const scale = sum > 0 ? Math.min(sum / curvature, room) : 1;
      for (let i = 0; i < rows; i++) dual.alpha[i] *= scale;
      for (let j = 0; j < columns; j++) weights[c * columns + j] *= scale;
      bias[c] *= scale;
    }
  }

  return {
    async solve(regularisation): Promise<SvmSolution> {
      const costs = rowWeights.map((weight) => weight / (totalWeight * regularisation));
      await restart(costs);
      for (let epochs = 0; ; epochs++) {
        if (epochs % CHECK_EVERY === 0 || epochs >= maxEpochs) {
          const { objective, gap } = await check(costs);
          const converged = gap <= tolerance;
          if (converged || epochs >= maxEpochs)
            return {
              weights: Float64Array.from(weights),
              bias: bias.slice(),
              objective: objective * regularisation,
              gap,
              iterations: epochs,
              converged,
            };
        }
        await epoch(costs);
      }
    },
    release: () => kernel.release(),
  };
}

/** The codes in another order. */
async function permuted({ codes }: Problem, order: Int32Array, pause: Pause): Promise<Matrix> {
  const { data, rows, columns } = codes;
  const result = new Float32Array(data.length);
  await forEachPaused(rows, pause, (to) =>
    result.set(data.subarray(order[to] * columns, (order[to] + 1) * columns), to * columns),
  );
  return { data: result, rows, columns };
}

/**
 * One sweep of coordinate descent over one block for one class. `scores` follow the steps; the change of `sign · alpha` of
 * each row goes to `change`.
 *
 * @returns the sum of `change`
 */
function descend(
  { signs, alpha }: Dual,
  { first, rows }: RowBlock,
  gram: Float32Array,
  scores: Float64Array,
  order: Int32Array,
  costs: Float64Array,
  loss: SvmLoss,
  change: Float32Array,
): number {
  let total = 0;
  for (let k = 0; k < rows; k++) {
    const i = order[k];
    const sign = signs[first + i];
    const old = alpha[first + i];
    const cost = costs[first + i];
    const ridge = loss === 'hinge' ? 0 : 1 / (2 * cost);
    const limit = loss === 'hinge' ? cost : Infinity;
    const gradient = sign * scores[i] - 1 + ridge * old;
    const wanted = old - gradient / (gram[i * rows + i] + ridge);
    const next = Math.min(Math.max(wanted, 0), limit);
    if (next === old) continue;
    alpha[first + i] = next;
    const step = sign * (next - old);
    change[i] += step;
    total += step;
    const row = i * rows;
    for (let j = 0; j < rows; j++) scores[j] += step * gram[row + j];
  }
  return total;
}
