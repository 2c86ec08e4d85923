import { type Breathe, paced, type Pause } from './breathe.ts';
import { dot } from './lbfgs.ts';
import type { Matrix } from './standardise.ts';
import { tridiagonal, tridiagonalEigen } from './tridiagonal.ts';

/** α / β is looked for between these shares of the largest σ², at so many places, and then to this relative difference. */
const RANGE = { low: 1e-12, high: 1e6 };
const STEPS = 73;
const TOLERANCE = 1e-6;
/** An eigenvalue below this share of the largest is rounding. */
const ROUNDING = 1e-12;

/**
 * How well classes can be told from codes, LogME (You et al., arXiv 2102.11005): the evidence of Bayesian linear regression
 * from the codes F [N, D] to each class's indicator y, weights w ~ N(0, I/α), noise N(0, 1/β), at the α and β that maximise it,
 *
 *     N/2 ln β + D/2 ln α − N/2 ln 2π − β/2 ‖Fm − y‖² − α/2 ‖m‖² − 1/2 ln |αI + β FᵀF|,   m = β (αI + β FᵀF)⁻¹ Fᵀy,
 *
 * divided by N, the mean over the classes. More is better. Codes are taken as they are. It compares networks on the same
 * items roughly, and decides nothing. Takes min(N, D)³ operations.
 *
 * @param classes class index of each row
 */
export async function logMe(codes: Matrix, classes: Int32Array, classCount: number, breathe: Breathe): Promise<number> {
  const { squares, projections } = await singularValues(codes, classes, classCount, paced(breathe));
  let sum = 0;
  for (let c = 0; c < classCount; c++) {
    const total = classes.reduce((count, one) => (one === c ? count + 1 : count), 0);
    sum += evidence(squares, projections[c], total, codes.rows);
  }
  return sum / (classCount * codes.rows);
}

/** Squared singular values σ² of the codes, and for each class the squared projections (uᵀy)² of its indicator on the left vectors. */
async function singularValues(
  codes: Matrix,
  classes: Int32Array,
  classCount: number,
  pause: Pause,
): Promise<{ squares: Float64Array; projections: Float64Array[] }> {
  const { data, rows, columns } = codes;
  const byRows = rows <= columns;
  const size = byRows ? rows : columns;
  const indicators = Array.from({ length: classCount }, (_, c) =>
    Float64Array.from(classes, (one) => (one === c ? 1 : 0)),
  );
  let gram: Float64Array;
  let vectors: Float64Array[];
  if (byRows) {
    // In double precision: float32 loses the small eigenvalues beside the large one of codes that are all positive.
    gram = await gramOfRows(Float64Array.from(data), rows, columns, pause);
    vectors = indicators;
  } else {
    const transposed = new Float64Array(data.length);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) transposed[column * rows + row] = data[row * columns + column];
    gram = await gramOfRows(transposed, columns, rows, pause);
    vectors = indicators.map((y) =>
      Float64Array.from({ length: columns }, (_, column) =>
        dot(transposed.subarray(column * rows, (column + 1) * rows), y),
      ),
    );
  }
  const { diagonal, beside } = await tridiagonal(gram, size, vectors, pause);
  tridiagonalEigen(diagonal, beside, vectors);
  const largest = diagonal.reduce((most, value) => Math.max(most, value), 0);
  const squares = diagonal.map((value) => (value > ROUNDING * largest ? value : 0));
  const projections = vectors.map((own) =>
    // Of the columns' side the vectors are Vᵀ Fᵀ y = Σ Uᵀ y.
    own.map((value, k) => (byRows ? value ** 2 : squares[k] > 0 ? value ** 2 / squares[k] : 0)),
  );
  return { squares, projections };
}

/** `F · Fᵀ` */
async function gramOfRows(data: Float64Array, rows: number, columns: number, pause: Pause): Promise<Float64Array> {
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j <= i; j++) {
      const product = dot(row, data.subarray(j * columns, (j + 1) * columns));
      gram[i * rows + j] = product;
      gram[j * rows + i] = product;
    }
    await pause();
  }
  return gram;
}

/**
 * The largest evidence for one indicator. In the coordinates of the singular vectors it depends on t = α / β alone: at a given t
 * the best β is N / (‖Fm − y‖² + t ‖m‖²), with
 *
 *     ‖m‖² = Σ σ² z² / (t + σ²)²,   ‖Fm − y‖² = Σ z² (t / (t + σ²))² + what no code explains.
 *
 * There may be several maxima, the fixed point of the paper being one of them: t is looked for over all that make a difference.
 *
 * @param total ‖y‖²: how many rows are of the class
 */
function evidence(squares: Float64Array, projections: Float64Array, total: number, rows: number): number {
  const explained = projections.reduce((sum, value, k) => (squares[k] > 0 ? sum + value : sum), 0);
  const beyond = Math.max(0, total - explained);
  /** @param at ln t */
  const value = (at: number): number => {
    const t = Math.exp(at);
    // ‖Fm − y‖² + t ‖m‖², whose parts add up to z² t / (t + σ²); and ln |I + FᵀF / t|.
    let [squaresLeft, logDeterminant] = [beyond, 0];
    for (const [k, square] of squares.entries()) {
      if (square === 0) continue;
      squaresLeft += (projections[k] * t) / (t + square);
      logDeterminant += Math.log1p(square / t);
    }
    const beta = rows / squaresLeft;
    return (rows / 2) * (Math.log(beta) - Math.log(2 * Math.PI) - 1) - logDeterminant / 2;
  };
  const largest = squares.reduce((most, square) => Math.max(most, square), 0);
  // Without any code, and without any item of the class, there is nothing to look for.
  if (largest === 0 || total === 0) return total === 0 ? 0 : value(0);
  const from = Math.log(largest * RANGE.low);
  const step = (Math.log(largest * RANGE.high) - from) / (STEPS - 1);
  let best = 0;
  const tried = Float64Array.from({ length: STEPS }, (_, at) => value(from + at * step));
  for (const [at, one] of tried.entries()) if (one > tried[best]) best = at;
  return peak(value, from + (best - 1) * step, from + (best + 1) * step);
}

/** The largest value between two places, with one peak between them, by golden section. */
function peak(value: (at: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [atLeft, atRight] = [value(left), value(right)];
  while (high - low > TOLERANCE) {
    if (atLeft > atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - ratio * (high - low);
      atLeft = value(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + ratio * (high - low);
      atRight = value(right);
    }
  }
  return Math.max(atLeft, atRight);
}
