import { forEachPaused, type Pause } from './breathe.ts';

/** Rows of a matrix, row-major: row r is `data[r · columns … (r + 1) · columns)`. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Mean and deviation of each column, in double precision. */
export interface Standardisation {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/**
 * A column whose deviation is below this share of its mean holds one value and float32 rounding: scaled up, the rounding
 * would pass for a feature.
 */
const NOISE = 1e-6;

/**
 * Mean and (population) deviation of each column over some rows. A constant column gets deviation 1, so that it becomes
 * zero, and a penalised weight on it stays zero.
 *
 * @param rows indices of the rows to use: those of training alone, for an honest evaluation
 */
export async function standardisation(codes: Matrix, rows: ArrayLike<number>, pause: Pause): Promise<Standardisation> {
  const { data, columns } = codes;
  const mean = new Float64Array(columns);
  const deviation = new Float64Array(columns);
  await forEachPaused(rows.length, pause, (i) => {
    const start = rows[i] * columns;
    for (let j = 0; j < columns; j++) mean[j] += data[start + j];
  });
  for (let j = 0; j < columns; j++) mean[j] /= rows.length;
  // Two passes: the difference of sums of squares loses every digit where the mean is large against the deviation.
  await forEachPaused(rows.length, pause, (i) => {
    const start = rows[i] * columns;
    for (let j = 0; j < columns; j++) deviation[j] += (data[start + j] - mean[j]) ** 2;
  });
  for (let j = 0; j < columns; j++) {
    const spread = Math.sqrt(deviation[j] / rows.length);
    deviation[j] = spread > NOISE * Math.abs(mean[j]) ? spread : 1;
  }
  return { mean, deviation };
}

/** Some rows of a matrix, in the order given, standardised, as a matrix of their own. */
export async function standardiseRows(
  codes: Matrix,
  rows: ArrayLike<number>,
  { mean, deviation }: Standardisation,
  pause: Pause,
): Promise<Matrix> {
  const { data, columns } = codes;
  const result = new Float32Array(rows.length * columns);
  await forEachPaused(rows.length, pause, (i) => {
    const from = rows[i] * columns;
    const to = i * columns;
    for (let j = 0; j < columns; j++) result[to + j] = (data[from + j] - mean[j]) / deviation[j];
  });
  return { data: result, rows: rows.length, columns };
}
