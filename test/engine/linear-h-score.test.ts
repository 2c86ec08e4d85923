import { describe, expect, it } from 'vitest';
import { hScore } from '../../main/engine/linear/h-score.ts';
import { neverCancelled } from '../../main/engine/linear/breathe.ts';
import { createRandom } from '../../main/engine/random.ts';

/** Rows of codes around a mean for each class. */
function codesOf(rows: number, columns: number, apart: number, classCount = 2) {
  const random = createRandom(7);
  const classes = Int32Array.from({ length: rows }, (_, row) => row % classCount);
  const data = Float32Array.from({ length: rows * columns }, (_, at) => {
    const class_ = classes[Math.floor(at / columns)];
    return random.normal() + (at % columns === class_ ? apart : 0);
  });
  return { codes: { data, rows, columns }, classes };
}

const score = ({ codes, classes }: ReturnType<typeof codesOf>, classCount = 2): Promise<number> =>
  hScore(codes, classes, classCount, neverCancelled);

/** The definition, for two columns, by the inverse of a 2 × 2 matrix. */
function byHand({ codes, classes }: ReturnType<typeof codesOf>): number {
  const { data, rows } = codes;
  const standard = [0, 1].map((j) => {
    const column = Array.from({ length: rows }, (_, i) => data[2 * i + j]);
    const mean = column.reduce((a, b) => a + b) / rows;
    const deviation = Math.sqrt(column.reduce((a, b) => a + (b - mean) ** 2, 0) / rows);
    return column.map((value) => (value - mean) / deviation);
  });
  const [x, y] = standard;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const r = mean(x.map((value, i) => value * y[i]));
  // Σ = [[1, r], [r, 1]]: trace 2, ‖Σ‖² = 2 + 2r², ‖Σ − I‖² = 2r².
  const fourth = mean(x.map((value, i) => (value ** 2 + y[i] ** 2) ** 2));
  const alpha = Math.min((fourth - (2 + 2 * r * r)) / rows / (2 * r * r), 1);
  const off = (1 - alpha) * r;
  let sum = 0;
  for (const class_ of [0, 1]) {
    const own = (values: readonly number[]) => values.filter((_, i) => classes[i] === class_);
    const [a, b] = [mean(own(x)), mean(own(y))];
    sum += (own(x).length / rows) * ((a * a - 2 * off * a * b + b * b) / (1 - off * off));
  }
  return (1 - alpha) * sum;
}

describe('the H-score', () => {
  it('of one column is the share of its variance that lies between the classes', async () => {
    const data = Float32Array.from([-3, -1, 1, 3]);
    // Means −2 and 2, so 4 between the classes; variance 5.
    const found = await score({ codes: { data, rows: 4, columns: 1 }, classes: Int32Array.from([0, 0, 1, 1]) });
    expect(found).toBeCloseTo(4 / 5, 6);
  });

  it('is what its definition gives', async () => {
    const given = codesOf(60, 2, 1.5);
    expect(await score(given)).toBeCloseTo(byHand(given), 5);
  });

  it('grows as classes move apart, and stays below the number of classes less one', async () => {
    const scores = [];
    for (const apart of [0, 1, 3, 10]) scores.push(await score(codesOf(300, 5, apart, 3), 3));
    expect(scores).toEqual([...scores].sort((a, b) => a - b));
    expect(scores[0]).toBeLessThan(0.1);
    expect(scores[3]).toBeGreaterThan(1.5);
    expect(scores[3]).toBeLessThanOrEqual(2);
  });

  it('is shrunk where there are fewer items than dimensions, which would tell any classes apart', async () => {
    const meaningless = await score(codesOf(40, 200, 0));
    expect(meaningless).toBeLessThan(0.5);
    expect(meaningless).toBeGreaterThanOrEqual(0);
    expect(await score(codesOf(40, 200, 8))).toBeGreaterThan(meaningless);
  });

  it('of codes that are all the same is 0', async () => {
    const codes = { data: new Float32Array(12).fill(3), rows: 4, columns: 3 };
    expect(await score({ codes, classes: Int32Array.from([0, 1, 0, 1]) })).toBe(0);
  });
});
