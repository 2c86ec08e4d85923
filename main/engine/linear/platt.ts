import type { Pause } from './breathe.ts';

/** `P(class | score) = sigmoid(slope · score + offset)` */
export interface Sigmoid {
  readonly slope: number;
  readonly offset: number;
}

const MAX_ITERATIONS = 100;
/** Both components of the mean gradient must be below this. */
const TOLERANCE = 1e-10;
/** Added to the Hessian's diagonal, which vanishes where scores separate the class perfectly. */
const RIDGE = 1e-12;

/** log(1 + eˣ) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Platt scaling: fits a sigmoid to the scores of one class against the rest by maximum likelihood, with Platt's prior
 * on the targets, (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) in place of 1 and 0. Newton's method with backtracking in the numerically
 * stable form of Lin, Lin & Weng (2007), algorithm 1; their A is −slope, their B is −offset.
 *
 * @param scores of items that the classifier was not fitted to: on its own training items it is too sure
 */
export function fitSigmoid(scores: ArrayLike<number>, positive: (index: number) => boolean): Sigmoid {
  const count = scores.length;
  let positives = 0;
  for (let i = 0; i < count; i++) if (positive(i)) positives++;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (count - positives + 2);

  const likelihoodLoss = (slope: number, offset: number): number => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const z = slope * scores[i] + offset;
      sum += softplus(-z) + (1 - (positive(i) ? high : low)) * z;
    }
    return sum;
  };

  let slope = 0;
  let offset = Math.log((positives + 1) / (count - positives + 1));
  let loss = likelihoodLoss(slope, offset);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    let h11 = RIDGE * count;
    let h22 = RIDGE * count;
    let h12 = 0;
    let g1 = 0;
    let g2 = 0;
    for (let i = 0; i < count; i++) {
      const score = scores[i];
      const p = Math.exp(-softplus(-(slope * score + offset)));
      const residual = p - (positive(i) ? high : low);
      const weight = p * (1 - p);
      g1 += residual * score;
      g2 += residual;
      h11 += weight * score * score;
      h12 += weight * score;
      h22 += weight;
    }
    if (Math.max(Math.abs(g1), Math.abs(g2)) <= TOLERANCE * count) break;
    const determinant = h11 * h22 - h12 * h12;
    const slopeStep = -(h22 * g1 - h12 * g2) / determinant;
    const offsetStep = -(h11 * g2 - h12 * g1) / determinant;
    const decrease = g1 * slopeStep + g2 * offsetStep;
    let step = 1;
    let next = likelihoodLoss(slope + slopeStep, offset + offsetStep);
    while (!(next <= loss + 1e-4 * step * decrease) && step > 1e-10) {
      step /= 2;
      next = likelihoodLoss(slope + step * slopeStep, offset + step * offsetStep);
    }
    // No shorter step helps: what is left of the gradient is rounding.
    if (!(next < loss)) break;
    slope += step * slopeStep;
    offset += step * offsetStep;
    loss = next;
  }
  return { slope, offset };
}

/**
 * One sigmoid a class, each against the rest.
 *
 * @param scores `rows × classCount`, row-major
 */
export async function fitSigmoids(
  scores: Float32Array,
  classes: ArrayLike<number>,
  classCount: number,
  pause: Pause,
): Promise<Sigmoid[]> {
  const sigmoids: Sigmoid[] = [];
  for (let c = 0; c < classCount; c++) {
    const own = Float64Array.from(classes, (_value, row) => scores[row * classCount + c]);
    sigmoids.push(fitSigmoid(own, (row) => classes[row] === c));
    await pause();
  }
  return sigmoids;
}
