import { createRandom } from '../random.ts';
import type { Pause } from './breathe.ts';
import { type Kernel, matrix, type RowBlock } from './kernels.ts';

/** The directions in which codes vary most. */
export interface Spectrum {
  readonly count: number;
  /** Orthonormal rows, `count × columns`. */
  readonly basis: Float32Array;
  /** Mean square of the codes along each, largest first. */
  readonly eigenvalues: Float64Array;
  /** Mean of the eigenvalues that are left out, or a small share of the largest where that is more. */
  readonly rest: number;
}

const ROUNDS = 2;
/** The inverse of less would drown the float32 digits of the leading directions. */
const FLOOR = 1e-4;

/**
 * Leading eigenpairs of `codesᵀ · codes / rows` by randomised subspace iteration (Halko, Martinsson & Tropp 2011,
 * algorithm 4.4) and Rayleigh–Ritz. Approximate: for a preconditioner.
 *
 * @param gram a session of gramModel
 */
export async function leadingSpectrum(
  gram: Kernel,
  blocks: readonly RowBlock[],
  columns: number,
  wanted: number,
  pause: Pause,
): Promise<Spectrum> {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const count = Math.min(wanted, columns, rows);
  const random = createRandom(1);
  let basis = Float64Array.from({ length: count * columns }, () => random.normal());
  let trace = 0;
  for (const { tensor } of blocks) {
    for (const value of tensor.data) trace += value * value;
    await pause();
  }
  trace /= rows;

  const multiply = async () => {
    const vectors = matrix(Float32Array.from(basis), count, columns);
    const product = new Float64Array(count * columns);
    for (const { tensor } of blocks) {
      const { products } = await gram.run({ codes: tensor, vectors });
      for (let i = 0; i < product.length; i++) product[i] += products[i] / rows;
      await pause();
    }
    return product;
  };
  await orthonormalise(basis, count, columns, pause);
  for (let round = 0; round < ROUNDS; round++) {
    basis = await multiply();
    await orthonormalise(basis, count, columns, pause);
  }
  const product = await multiply();
  const projected = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += basis[i * columns + k] * product[j * columns + k];
      projected[i * count + j] = sum;
    }
    await pause();
  }
  const { values, vectors } = symmetricEigen(projected, count);
  const rotated = new Float32Array(count * columns);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < columns; k++) {
      let sum = 0;
      for (let j = 0; j < count; j++) sum += vectors[i * count + j] * basis[j * columns + k];
      rotated[i * columns + k] = sum;
    }
    await pause();
  }
  const explained = values.reduce((sum, value) => sum + value, 0);
  const rest = columns > count ? (trace - explained) / (columns - count) : 0;
  return { count, basis: rotated, eigenvalues: values, rest: Math.max(rest, FLOOR * values[0]) };
}

/** Modified Gram–Schmidt over rows, twice for accuracy; a row that depends on those before becomes zero. */
async function orthonormalise(rows: Float64Array, count: number, columns: number, pause: Pause): Promise<void> {
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * columns, (i + 1) * columns);
    const before = norm(row);
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const other = rows.subarray(j * columns, (j + 1) * columns);
        let projection = 0;
        for (let k = 0; k < columns; k++) projection += row[k] * other[k];
        for (let k = 0; k < columns; k++) row[k] -= projection * other[k];
      }
    const length = norm(row);
    const scale = length > 1e-6 * before ? 1 / length : 0;
    for (let k = 0; k < columns; k++) row[k] *= scale;
    await pause();
  }
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/**
 * Eigenvalues, largest first, and eigenvectors (as rows) of a small symmetric matrix by cyclic Jacobi rotations (Golub &
 * Van Loan, algorithm 8.5.3).
 */
export function symmetricEigen(source: Float64Array, size: number): { values: Float64Array; vectors: Float64Array } {
  const a = new Float64Array(size * size);
  const v = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    v[i * size + i] = 1;
    for (let j = 0; j < size; j++) a[i * size + j] = (source[i * size + j] + source[j * size + i]) / 2;
  }
  for (let sweep = 0; sweep < 30; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) {
        all += a[i * size + j] ** 2;
        if (i !== j) off += a[i * size + j] ** 2;
      }
    if (off <= 1e-24 * all) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, v, size, p, q);
  }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => a[j * size + j] - a[i * size + i]);
  const vectors = new Float64Array(size * size);
  for (const [to, from] of order.entries()) vectors.set(v.subarray(from * size, (from + 1) * size), to * size);
  return { values: Float64Array.from(order, (i) => a[i * size + i]), vectors };
}

/** Makes element (p, q) zero by a rotation in that plane; the rows of `v` follow. */
function rotate(a: Float64Array, v: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q];
  if (apq === 0) return;
  const tau = (a[q * size + q] - a[p * size + p]) / (2 * apq);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t);
  const s = t * c;
  const turn = (values: Float64Array, i: number, j: number) => {
    const x = values[i];
    const y = values[j];
    values[i] = c * x - s * y;
    values[j] = s * x + c * y;
  };
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) turn(v, p * size + k, q * size + k);
}
