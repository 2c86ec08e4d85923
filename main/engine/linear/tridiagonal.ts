import type { Pause } from './breathe.ts';

/**
 * Brings a symmetric matrix to tridiagonal form by Householder reflections (Golub & Van Loan, algorithm 8.3.1), and takes
 * vectors along, so that no matrix of eigenvectors is ever needed.
 *
 * @param matrix `size × size`; overwritten
 * @param vectors each of `size`; overwritten with Qᵀ · vector
 * @returns the diagonal, and the `size − 1` elements beside it
 */
export async function tridiagonal(
  matrix: Float64Array,
  size: number,
  vectors: readonly Float64Array[],
  pause: Pause,
): Promise<{ diagonal: Float64Array; beside: Float64Array }> {
  const beside = new Float64Array(Math.max(0, size - 1));
  for (let k = 0; k < size - 2; k++) {
    const length = size - k - 1;
    const from = k + 1;
    // Below the diagonal of column k, as a row: the matrix stays symmetric.
    const v = matrix.slice(k * size + from, (k + 1) * size);
    const norm = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
    const alpha = v[0] > 0 ? -norm : norm;
    beside[k] = alpha;
    v[0] -= alpha;
    const square = v.reduce((sum, value) => sum + value * value, 0);
    if (square === 0) continue;
    const scale = 2 / square;
    const p = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      const row = (from + i) * size + from;
      let sum = 0;
      for (let j = 0; j < length; j++) sum += matrix[row + j] * v[j];
      p[i] = scale * sum;
    }
    let half = 0;
    for (let i = 0; i < length; i++) half += (scale / 2) * p[i] * v[i];
    for (let i = 0; i < length; i++) p[i] -= half * v[i];
    for (let i = 0; i < length; i++) {
      const row = (from + i) * size + from;
      const [vi, pi] = [v[i], p[i]];
      for (let j = 0; j < length; j++) matrix[row + j] -= vi * p[j] + pi * v[j];
    }
    for (const vector of vectors) {
      let product = 0;
      for (let i = 0; i < length; i++) product += v[i] * vector[from + i];
      for (let i = 0; i < length; i++) vector[from + i] -= scale * product * v[i];
    }
    await pause();
  }
  if (size > 1) beside[size - 2] = matrix[(size - 2) * size + size - 1];
  return { diagonal: Float64Array.from({ length: size }, (_, i) => matrix[i * size + i]), beside };
}

/** More rounds than any eigenvalue of a symmetric matrix needs. */
const MAX_ROUNDS = 60;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QL steps with Wilkinson's shift (Golub & Van Loan, section 8.3.3;
 * EISPACK's tql2), the vectors taken along.
 *
 * @param diagonal overwritten with the eigenvalues, in no order
 * @param beside the elements beside it; overwritten
 * @param vectors overwritten with their coordinates along the eigenvectors
 */
export function tridiagonalEigen(diagonal: Float64Array, beside: Float64Array, vectors: readonly Float64Array[]): void {
  const size = diagonal.length;
  const e = new Float64Array(size);
  e.set(beside);
  for (let l = 0; l < size; l++) {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let m = l;
      while (m < size - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(diagonal[m]) + Math.abs(diagonal[m + 1]))) m++;
      if (m === l) break;
      let g = (diagonal[l + 1] - diagonal[l]) / (2 * e[l]);
      g = diagonal[m] - diagonal[l] + e[l] / (g + (g < 0 ? -1 : 1) * Math.hypot(g, 1));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        const q = (diagonal[i] - g) * s + 2 * c * b;
        p = s * q;
        diagonal[i + 1] = g + p;
        g = c * q - b;
        for (const vector of vectors) {
          const upper = vector[i + 1];
          vector[i + 1] = s * vector[i] + c * upper;
          vector[i] = c * vector[i] - s * upper;
        }
      }
      if (i >= l) continue;
      diagonal[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}
