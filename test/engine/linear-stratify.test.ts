import { describe, expect, it } from 'vitest';
import { dealGroups, groupNumbers } from '../../main/engine/linear/stratify.ts';
import { createRandom } from '../../main/engine/random.ts';

describe('dealing groups to parts', () => {
  const random = createRandom(4);
  const rows = 3000;
  const groups = Int32Array.from({ length: rows }, () => random.integer(150));
  const classes = Int32Array.from({ length: rows }, () => (random.next() < 0.04 ? 2 : random.integer(2)));
  const shares = [0.6, 0.2, 0.2];

  it('never divides a group', () => {
    const parts = dealGroups(classes, groups, 3, { shares, seed: 0 });
    const ofGroup = new Map<number, number>();
    for (const [row, part] of parts.entries()) {
      expect(ofGroup.get(groups[row]) ?? part).toBe(part);
      ofGroup.set(groups[row], part);
    }
  });

  it('gives each part its share of every class, rare ones too', () => {
    const parts = dealGroups(classes, groups, 3, { shares, seed: 0 });
    for (let c = 0; c < 3; c++) {
      const own = parts.filter((_, row) => classes[row] === c);
      for (const [part, share] of shares.entries())
        expect(Math.abs(own.filter((one) => one === part).length / own.length - share)).toBeLessThan(0.03);
    }
  });

  it('deals single rows exactly', () => {
    const single = Int32Array.from({ length: 100 }, (_, row) => row);
    const halves = single.map((row) => row % 2);
    const parts = dealGroups(halves, single, 2, { shares, seed: 1 });
    for (const c of [0, 1])
      expect([0, 1, 2].map((part) => parts.filter((one, row) => one === part && halves[row] === c).length)).toEqual([
        30, 10, 10,
      ]);
  });

  it('is the same for a seed and another for another', () => {
    const deal = (seed: number) => dealGroups(classes, groups, 3, { shares, seed });
    expect(deal(1)).toEqual(deal(1));
    expect(deal(2)).not.toEqual(deal(1));
  });

  it('leaves settled rows and counts them', () => {
    const settled = Int32Array.from({ length: rows }, (_, row) => (row < 600 ? 2 : -1));
    const parts = dealGroups(classes, groups, 3, { shares, seed: 0, settled });
    expect(parts.subarray(0, 600).every((part) => part === 2)).toBe(true);
    // The settled rows are the whole share of the last part.
    expect(parts.subarray(600).filter((part) => part === 2).length).toBeLessThan(60);
  });
});

describe('numbers for groups', () => {
  it('are equal where names are; rows without a group stand alone', () => {
    const numbers = groupNumbers(['a', null, 'b', 'a', null]);
    expect(numbers[0]).toBe(numbers[3]);
    expect(new Set(numbers).size).toBe(4);
  });
});

describe('seeded random numbers', () => {
  it('repeat for a seed and differ between seeds', () => {
    const take = (seed: number) => {
      const random = createRandom(seed);
      return Array.from({ length: 8 }, () => random.next());
    };
    expect(take(42)).toEqual(take(42));
    expect(new Set([0, 1, 2, -1, 2 ** 40, 2 ** 40 + 1].map((seed) => take(seed)[0])).size).toBe(6);
  });

  it('are uniform, normal, and shuffle fairly', () => {
    const random = createRandom(9);
    const count = 40_000;
    const bins = new Float64Array(10);
    let square = 0;
    const firsts = new Float64Array(4);
    for (let i = 0; i < count; i++) {
      bins[Math.floor(random.next() * 10)] += 1;
      square += random.normal() ** 2;
      firsts[random.shuffle([0, 1, 2, 3])[0]] += 1;
    }
    for (const bin of bins) expect(Math.abs(bin / count - 0.1)).toBeLessThan(0.006);
    expect(Math.abs(square / count - 1)).toBeLessThan(0.03);
    for (const first of firsts) expect(Math.abs(first / count - 0.25)).toBeLessThan(0.01);
  });
});
