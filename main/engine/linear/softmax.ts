import { type Breathe, paced } from './breathe.ts';
import {
  createKernel,
  crossEntropyModel,
  gramModel,
  type Kernel,
  matrix,
  rescaleModel,
  rowBlocks,
  vector,
} from './kernels.ts';
import { dot, type Evaluation, minimise } from './lbfgs.ts';
import type { Problem, Solution, Solver } from './solver.ts';
import { leadingSpectrum, type Spectrum } from './spectrum.ts';

export interface SoftmaxOptions {
  /** Largest norm of the gradient that is accepted, relative to its norm where all weights are zero. */
  readonly tolerance: number;
  readonly maxIterations?: number;
}

/** Directions in which the preconditioner knows the curvature. */
const DIRECTIONS = 64;
/** Least curvature that the preconditioner assumes, relative to the largest there can be: p(1 − p) falls towards 0. */
const LEAST_CURVATURE = 1e-4;

/**
 * Multinomial logistic regression with an L2 penalty on the weights and none on the bias: minimises
 * `Σ wᵢ · −log softmax(W xᵢ + b)[yᵢ] / Σ wᵢ + λ/2 ‖W‖²` by L-BFGS.
 *
 * The columns of codes are far from independent, which makes the plain problem badly conditioned. The preconditioner
 * takes the Hessian of class c for `mean p(1 − p) · XᵀX/n + λ`, with XᵀX known exactly along its leading eigenvectors
 * and by its mean elsewhere (as the Nyström preconditioner of Frangella, Tropp & Udell, arXiv 2110.02820).
 */
export async function createSoftmaxSolver(
  problem: Problem,
  { tolerance, maxIterations = 500 }: SoftmaxOptions,
  breathe: Breathe,
): Promise<Solver> {
  const { classCount } = problem;
  const { columns } = problem.codes;
  const size = classCount * columns;
  const pause = paced(breathe);
  const blocks = rowBlocks(problem.codes);
  const targets = blocks.map(({ first, rows }) => targetsOf(problem, first, rows));
  const totalWeight = problem.rowWeights.reduce((sum, weight) => sum + weight, 0);

  const gram = await createKernel(gramModel());
  const spectrum = await leadingSpectrum(gram, blocks, columns, DIRECTIONS, pause).finally(() => gram.release());
  const crossEntropy = await createKernel(crossEntropyModel());
  const rescale = await createKernel(rescaleModel(), 1);

  const curvature = new Float64Array(classCount);
  let latest: Evaluation & { readonly point?: Float64Array } = { value: 0, gradient: new Float64Array() };
  /** The mean loss, without the penalty. A point is the weights, then the bias. */
  async function meanLoss(point: Float64Array): Promise<Evaluation> {
    if (latest.point === point) return latest;
    const weights = matrix(Float32Array.from(point.subarray(0, size)), classCount, columns);
    const bias = vector(Float32Array.from(point.subarray(size)));
    const gradient = new Float64Array(point.length);
    let loss = 0;
    curvature.fill(0);
    for (const [i, block] of blocks.entries()) {
      const part = await crossEntropy.run({ codes: block.tensor, targets: targets[i], weights, bias });
      for (const value of part.losses) loss += value;
      addTo(gradient, part.weightGradient, 0);
      addTo(gradient, part.biasGradient, size);
      addTo(curvature, part.curvature, 0);
      await pause();
    }
    for (let i = 0; i < gradient.length; i++) gradient[i] /= totalWeight;
    for (let c = 0; c < classCount; c++) curvature[c] /= totalWeight;
    latest = { value: loss / totalWeight, gradient, point };
    return latest;
  }

  async function penalised(point: Float64Array, regularisation: number): Promise<Evaluation> {
    const loss = await meanLoss(point);
    const weights = point.subarray(0, size);
    const gradient = loss.gradient.slice();
    for (let i = 0; i < size; i++) gradient[i] += regularisation * weights[i];
    return { value: loss.value + (regularisation / 2) * dot(weights, weights), gradient };
  }

  let point: Float64Array = new Float64Array(size + classCount);
  /** The gradient's norm where all weights are zero, once it is known. */
  let scale: number | undefined;
  /** The solution before the last. */
  let before: Float64Array | undefined;
  return {
    async solve(regularisation): Promise<Solution> {
      if (scale === undefined) {
        const { gradient } = await meanLoss(point);
        scale = Math.sqrt(dot(gradient, gradient));
      }
      // Along a grid of equal ratios solutions move smoothly: going on as before starts closer than standing still.
      if (before) {
        const ahead = point.map((value, i) => 2 * value - before![i]);
        const still = await penalised(point, regularisation);
        before = point;
        if ((await penalised(ahead, regularisation)).value < still.value) point = ahead;
      } else before = point;
      await meanLoss(point);
      const precondition = preconditioner(rescale, spectrum, curvature, regularisation, columns);
      const minimum = await minimise((at) => penalised(at, regularisation), point, {
        gradientNorm: tolerance * scale,
        maxIterations,
        precondition,
      });
      point = minimum.point;
      return {
        weights: point.slice(0, size),
        bias: point.slice(size),
        objective: minimum.value,
        iterations: minimum.iterations,
        converged: minimum.converged,
      };
    },
    async release() {
      await crossEntropy.release();
      await rescale.release();
    },
  };
}

function targetsOf({ classes, classCount, rowWeights }: Problem, first: number, rows: number) {
  const targets = new Float32Array(rows * classCount);
  for (let i = 0; i < rows; i++) targets[i * classCount + classes[first + i]] = rowWeights[first + i];
  return matrix(targets, rows, classCount);
}

function addTo(sum: Float64Array, values: Float32Array, at: number): void {
  for (let i = 0; i < values.length; i++) sum[at + i] += values[i];
}

/** Multiplies by the inverse of the approximate Hessian, as it is where the search starts. */
function preconditioner(
  rescale: Kernel,
  { count, basis, eigenvalues, rest }: Spectrum,
  curvature: Float64Array,
  regularisation: number,
  columns: number,
): (values: Float64Array) => Promise<Float64Array> {
  const classCount = curvature.length;
  const size = classCount * columns;
  const perClass = curvature.map((value) => Math.max(value, LEAST_CURVATURE));
  const elsewhere = perClass.map((value) => 1 / (value * rest + regularisation));
  const scale = new Float32Array(classCount * count);
  for (let c = 0; c < classCount; c++)
    for (let k = 0; k < count; k++)
      scale[c * count + k] = 1 / (perClass[c] * eigenvalues[k] + regularisation) - elsewhere[c];
  const basisTensor = matrix(basis, count, columns);
  const scaleTensor = matrix(scale, classCount, count);
  return async (values) => {
    const { result } = await rescale.run({
      values: matrix(Float32Array.from(values.subarray(0, size)), classCount, columns),
      basis: basisTensor,
      scale: scaleTensor,
    });
    const product = new Float64Array(values.length);
    for (let i = 0; i < size; i++) product[i] = values[i] * elsewhere[Math.floor(i / columns)] + result[i];
    for (let c = 0; c < classCount; c++) product[size + c] = values[size + c] / perClass[c];
    return product;
  };
}
