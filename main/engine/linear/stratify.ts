import { createRandom } from '../random.ts';

/** Rows that must stand on the same side of every split. */
interface Group {
  readonly rows: number[];
  /** Rows of each class, then all rows. */
  readonly counts: Float64Array;
}

export interface DealOptions {
  /** The share of the rows that each part should get; their sum is 1. */
  readonly shares: readonly number[];
  readonly seed: number;
  /** Parts of rows that are settled: counted, not moved. −1 for the others; none is settled when absent. */
  readonly settled?: ArrayLike<number>;
}

/**
 * Deals rows to parts, each group as a whole, so that every part holds its share of each class as nearly as groups
 * allow. Greedy: groups that hold the largest part of a class come first (equals in seeded order), and each goes where it
 * lowers most the χ² distance of all class shares from what is wanted.
 *
 * @param classes class index of each row; −1 for a row without a class
 * @param groups any number that rows of one group have in common
 * @returns the part of each row
 */
export function dealGroups(
  classes: ArrayLike<number>,
  groups: ArrayLike<number>,
  classCount: number,
  { shares, seed, settled }: DealOptions,
): Int32Array {
  const parts = new Int32Array(classes.length).fill(-1);
  const totals = new Float64Array(classCount + 1);
  const held = shares.map(() => new Float64Array(classCount + 1));
  const byGroup = new Map<number, Group>();
  const count = (counts: Float64Array, row: number) => {
    if (classes[row] >= 0) counts[classes[row]] += 1;
    counts[classCount] += 1;
  };
  for (let row = 0; row < classes.length; row++) {
    count(totals, row);
    const part = settled?.[row] ?? -1;
    if (part >= 0) {
      parts[row] = part;
      count(held[part], row);
      continue;
    }
    let group = byGroup.get(groups[row]);
    if (!group) byGroup.set(groups[row], (group = { rows: [], counts: new Float64Array(classCount + 1) }));
    group.rows.push(row);
    count(group.counts, row);
  }

  const weight = (counts: Float64Array) => counts.reduce((most, n, c) => Math.max(most, n / (totals[c] || 1)), 0);
  const order = createRandom(seed)
    .shuffle([...byGroup.values()])
    .map((group) => ({ group, weight: weight(group.counts) }))
    .sort((a, b) => b.weight - a.weight);
  for (const { group } of order) {
    let best = 0;
    let least = Infinity;
    for (const [part, share] of shares.entries()) {
      let change = 0;
      for (let c = 0; c <= classCount; c++) {
        const added = group.counts[c];
        if (added === 0) continue;
        const total = totals[c];
        change += (added * (2 * (held[part][c] - share * total) + added)) / (total * total);
      }
      change /= share;
      if (share > 0 && change < least) {
        least = change;
        best = part;
      }
    }
    for (let c = 0; c <= classCount; c++) held[best][c] += group.counts[c];
    for (const row of group.rows) parts[row] = best;
  }
  return parts;
}

/**
 * Numbers for groups known by name. A row without a group is a group of its own.
 *
 * @returns a number for each row, equal where the names are
 */
export function groupNumbers(groups: readonly (string | null)[]): Int32Array {
  const numbers = new Map<string, number>();
  let count = 0;
  return Int32Array.from(groups, (name) => {
    if (name === null) return count++;
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, count);
    return count++;
  });
}
