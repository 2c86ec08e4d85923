import { describe, expect, it } from 'vitest';
import { neverCancelled } from '../../main/engine/linear/breathe.ts';
import { logMe } from '../../main/engine/linear/log-me.ts';
import { createRandom } from '../../main/engine/random.ts';

interface Given {
  readonly codes: { readonly data: Float32Array; readonly rows: number; readonly columns: number };
  readonly classes: Int32Array;
  readonly classCount: number;
}

/** Codes after a ReLU, each class with a column of its own that is larger for it. */
function codesOf(rows: number, columns: number, apart: number, classCount = 2, seed = 7): Given {
  const random = createRandom(seed);
  const classes = Int32Array.from({ length: rows }, (_, row) => row % classCount);
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const own = classes[Math.floor(at / columns)];
    return Math.max(0, random.normal() + (at % columns === own ? apart : 0));
  });
  return { codes: { data, rows, columns }, classes, classCount };
}

const score = ({ codes, classes, classCount }: Given): Promise<number> =>
  logMe(codes, classes, classCount, neverCancelled);

/** ln |A| and A⁻¹ b of a symmetric positive definite matrix, by Cholesky's decomposition. */
function solve(a: number[][], b: readonly number[]): { logDeterminant: number; solution: number[] } {
  const size = a.length;
  const l = a.map((row) => [...row]);
  let logDeterminant = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j];
      for (let k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
      if (i === j) logDeterminant += Math.log(sum);
      l[i][j] = i === j ? Math.sqrt(sum) : sum / l[j][j];
    }
  const x = [...b];
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] -= l[i][k] * x[k];
    x[i] /= l[i][i];
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i] -= l[k][i] * x[k];
    x[i] /= l[i][i];
  }
  return { logDeterminant, solution: x };
}

/** The evidence as it is defined, at any α and β, by a dense system of equations. */
function evidence(
  { codes: { data, rows, columns }, classes }: Given,
  class_: number,
  alpha: number,
  beta: number,
): number {
  const f = Array.from({ length: rows }, (_, i) => [...data.subarray(i * columns, (i + 1) * columns)]);
  const y = Array.from(classes, (one) => (one === class_ ? 1 : 0));
  const a = Array.from({ length: columns }, (_, i) =>
    Array.from(
      { length: columns },
      (_, j) => (i === j ? alpha : 0) + beta * f.reduce((sum, row) => sum + row[i] * row[j], 0),
    ),
  );
  const right = Array.from({ length: columns }, (_, i) => beta * f.reduce((sum, row, at) => sum + row[i] * y[at], 0));
  const { logDeterminant, solution } = solve(a, right);
  const residual = f.reduce(
    (sum, row, at) => sum + (row.reduce((s, value, i) => s + value * solution[i], 0) - y[at]) ** 2,
    0,
  );
  const norm = solution.reduce((sum, value) => sum + value * value, 0);
  return (
    (rows / 2) * Math.log(beta) +
    (columns / 2) * Math.log(alpha) -
    (rows / 2) * Math.log(2 * Math.PI) -
    (beta / 2) * residual -
    (alpha / 2) * norm -
    logDeterminant / 2
  );
}

/** Its largest value, looked for by ever smaller steps in ln α and ln β, from several places. */
function largestEvidence(given: Given, class_: number): number {
  const value = ([a, b]: readonly number[]): number => evidence(given, class_, Math.exp(a), Math.exp(b));
  const around = [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
    [1, 1],
    [-1, -1],
  ];
  const climb = (from: readonly number[]): number => {
    let at = from;
    let best = value(at);
    for (let step = 2; step > 1e-3;) {
      const found = around
        .map(([a, b]) => [at[0] + step * a, at[1] + step * b])
        .map((place) => ({ place, value: value(place) }))
        .reduce((top, one) => (one.value > top.value ? one : top));
      if (found.value > best) [at, best] = [found.place, found.value];
      else step /= 2;
    }
    return best;
  };
  return Math.max(...[-6, 0, 6, 12].map((a) => climb([a, 0])));
}

function byHand(given: Given): number {
  const classes = Array.from({ length: given.classCount }, (_, c) => largestEvidence(given, c));
  return classes.reduce((sum, one) => sum + one, 0) / (given.classCount * given.codes.rows);
}

describe('LogME', () => {
  it.each([
    ['more items than dimensions', codesOf(40, 5, 1.5, 3)],
    ['fewer', codesOf(12, 20, 1)],
    ['as many', codesOf(9, 9, 2, 3)],
    ['classes that the codes say nothing of', codesOf(50, 4, 0)],
  ])('is the largest evidence, as a search finds it: %s', async (_, given) => {
    expect(await score(given)).toBeCloseTo(byHand(given), 5);
  });

  it('grows as classes move apart', async () => {
    const scores = [];
    for (const apart of [0, 1, 2, 5]) scores.push(await score(codesOf(200, 10, apart, 3)));
    expect(scores).toEqual(scores.toSorted((a, b) => a - b));
  });

  it('does not depend on the unit of the codes', async () => {
    const given = codesOf(60, 8, 1);
    const scaled = { ...given, codes: { ...given.codes, data: given.codes.data.map((value) => 64 * value) } };
    expect(await score(scaled)).toBeCloseTo(await score(given), 6);
  });

  it('is not fooled by more dimensions than items, which would fit any classes', async () => {
    const meaningless = await score(codesOf(40, 300, 0));
    // Half of the items are of either class: the evidence of an answer that is 0.5 for all.
    expect(meaningless).toBeLessThan(-Math.log(2 * Math.PI * 0.25) / 2 - 0.5 + 0.1);
    expect(await score(codesOf(40, 300, 12))).toBeGreaterThan(meaningless + 0.1);
  });

  it('takes dimensions that are always zero, or the same twice, for what they are', async () => {
    const { codes, ...rest } = codesOf(30, 6, 1.5);
    const data = new Float32Array(30 * 8);
    for (let row = 0; row < 30; row++) {
      data.set(codes.data.subarray(row * 6, row * 6 + 6), row * 8);
      data[row * 8 + 6] = data[row * 8];
    }
    const given = { codes: { data, rows: 30, columns: 8 }, ...rest };
    expect(await score(given)).toBeCloseTo(byHand(given), 5);
  });

  it('of codes that are all zero is that of the classes’ shares alone', async () => {
    const codes = { data: new Float32Array(12), rows: 4, columns: 3 };
    const found = await logMe(codes, Int32Array.from([0, 1, 0, 1]), 2, neverCancelled);
    // β = N / ‖y‖² = 2.
    expect(found).toBeCloseTo((Math.log(2) - Math.log(2 * Math.PI) - 1) / 2, 9);
  });
});
