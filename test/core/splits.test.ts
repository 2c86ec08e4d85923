import { describe, expect, it } from 'vitest';
import { type Part, parts } from '../../main/contract/images.ts';
import { createRandom } from '../../main/engine/random.ts';
import { foldsByGroup, leaks, splitByGroup, type SplitItem } from '../../main/evaluation/splits.ts';

const shares = { test: 0.2, validation: 0.2, seed: 0 };

/** Items from rows of `group, class, how many`. */
function itemsOf(
  ...rows: [group: string, classIndex: number, count: number, more?: Partial<SplitItem>][]
): SplitItem[] {
  return rows
    .flatMap(([group, classIndex, count, more]) =>
      Array.from({ length: count }, () => ({ classIndex, group, ...more })),
    )
    .map((item, id) => ({ id, ...item }));
}

/** Groups of random sizes, each with a leaning of its own towards some classes, the last class rare. */
function randomItems(seed: number, { groups = 60, classes = 4, largest = 20 } = {}): SplitItem[] {
  const random = createRandom(seed);
  const items: SplitItem[] = [];
  for (let group = 0; group < groups; group++) {
    const favourite = random.integer(classes);
    for (let left = 1 + random.integer(largest); left > 0; left--) {
      const drawn = random.next() < 0.5 ? favourite : random.integer(classes);
      const classIndex = drawn === classes - 1 && random.next() < 0.8 ? 0 : drawn;
      items.push({ id: items.length, classIndex, group: `g${group}` });
    }
  }
  return items;
}

function count(
  items: readonly SplitItem[],
  result: ReadonlyMap<number, Part>,
  classIndex?: number,
): Record<Part, number> {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const item of items)
    if (classIndex === undefined || item.classIndex === classIndex) counts[result.get(item.id)!] += 1;
  return counts;
}

function partsOfGroup(items: readonly SplitItem[], result: ReadonlyMap<number, Part>, group: string): Part[] {
  const found = new Set(items.filter((item) => item.group === group).map(({ id }) => result.get(id)!));
  return parts.filter((part) => found.has(part));
}

function classesOf(items: readonly SplitItem[]): number[] {
  return [...new Set(items.map(({ classIndex }) => classIndex))];
}

function groupsOf(items: readonly SplitItem[]): string[] {
  return [...new Set(items.map(({ group }) => group))];
}

describe('splits by group', () => {
  it('never divide a group, hold the shares, and teach every class', () => {
    for (let seed = 0; seed < 20; seed++) {
      const items = randomItems(seed);
      const result = splitByGroup(items, { ...shares, seed });
      expect(result.size).toBe(items.length);
      for (const group of groupsOf(items)) expect(partsOfGroup(items, result, group)).toHaveLength(1);
      const { test, validation } = count(items, result);
      expect(Math.abs(test / items.length - 0.2)).toBeLessThan(0.05);
      expect(Math.abs(validation / items.length - 0.2)).toBeLessThan(0.05);
      for (const own of classesOf(items)) {
        const ofClass = count(items, result, own);
        expect(ofClass.train).toBeGreaterThan(0);
        const total = ofClass.train + ofClass.validation + ofClass.test;
        if (total >= 40) expect(Math.abs(ofClass.test / total - 0.2)).toBeLessThan(0.1);
      }
    }
  });

  it('are the same for the same seed and differ for another', () => {
    const items = randomItems(1);
    expect(splitByGroup(items, shares)).toEqual(splitByGroup(items, shares));
    expect(splitByGroup(items, { ...shares, seed: 1 })).not.toEqual(splitByGroup(items, shares));
  });

  it('hold the shares of each class to an item where every item is a group, however many they are', () => {
    const items = Array.from({ length: 100_000 }, (_, id) => ({
      id,
      classIndex: id < 50 ? 7 : id % 3,
      group: `item ${id}`,
    }));
    const result = splitByGroup(items, shares);
    for (const own of classesOf(items)) {
      const { train, validation, test } = count(items, result, own);
      const total = train + validation + test;
      expect(Math.abs(test - 0.2 * total)).toBeLessThanOrEqual(1);
      expect(Math.abs(validation - 0.2 * total)).toBeLessThanOrEqual(1);
    }
  });

  it('leave a part empty that was not asked for', () => {
    const items = randomItems(2);
    expect(count(items, splitByGroup(items, { ...shares, test: 0 })).test).toBe(0);
    expect(count(items, splitByGroup(items, { ...shares, validation: 0 })).validation).toBe(0);
  });

  it('take class numbers as they come', () => {
    const items = randomItems(3);
    const renamed = items.map((item) => ({ ...item, classIndex: 1_000_000_007 * (item.classIndex + 1) }));
    expect(splitByGroup(renamed, shares)).toEqual(splitByGroup(items, shares));
  });
});

describe('splits of very few groups', () => {
  it('keep a single group for training', () => {
    const items = itemsOf(['a', 0, 5], ['a', 1, 5]);
    expect(count(items, splitByGroup(items, shares))).toEqual({ train: 10, validation: 0, test: 0 });
  });

  it('train on one of two and test on the other', () => {
    const items = itemsOf(['a', 0, 5], ['a', 1, 5], ['b', 0, 5], ['b', 1, 5]);
    const tiny = { ...shares, test: 0.05, validation: 0.3 };
    for (const wanted of [shares, tiny])
      expect(count(items, splitByGroup(items, wanted))).toEqual({ train: 10, validation: 0, test: 10 });
  });

  it('give each of three groups a part', () => {
    const items = itemsOf(['a', 0, 5], ['b', 0, 5], ['c', 0, 5]);
    expect(count(items, splitByGroup(items, shares))).toEqual({ train: 5, validation: 5, test: 5 });
  });

  it('test nothing rather than leave out a class', () => {
    const items = itemsOf(['a', 0, 5], ['b', 1, 5]);
    expect(count(items, splitByGroup(items, shares))).toEqual({ train: 10, validation: 0, test: 0 });
  });

  it('keep rare classes in training', () => {
    for (let seed = 0; seed < 200; seed++) {
      const items = randomItems(seed, { groups: 2 + (seed % 6), classes: 5, largest: 6 });
      const result = splitByGroup(items, { test: 0.4, validation: 0.3, seed });
      for (const own of classesOf(items)) expect(count(items, result, own).train).toBeGreaterThan(0);
    }
  });

  it('divide nothing into nothing', () => {
    expect(splitByGroup([], shares)).toEqual(new Map());
  });
});

describe('splits with parts that are given', () => {
  it('never change what is given', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = createRandom(seed);
      const items = randomItems(seed).map((item) =>
        random.next() < 0.2 ? { ...item, part: parts[random.integer(3)] } : item,
      );
      const result = splitByGroup(items, shares);
      for (const { id, part } of items) if (part) expect(result.get(id)).toBe(part);
    }
  });

  it('keep all of a split that is complete, though a group is divided or a part is missing', () => {
    const items = itemsOf(
      ['a', 0, 3, { part: 'train' }],
      ['a', 1, 2, { part: 'test' }],
      ['b', 1, 4, { part: 'train' }],
    );
    expect(count(items, splitByGroup(items, shares))).toEqual({ train: 7, validation: 0, test: 2 });
  });

  it('pull the rest of a group along, to the part of most', () => {
    const items = itemsOf(
      ['a', 0, 1, { part: 'validation' }],
      ['a', 0, 5],
      ['b', 0, 2, { part: 'train' }],
      ['b', 0, 3, { part: 'test' }],
      ['b', 0, 5],
      ['c', 0, 1, { part: 'test' }],
      ['c', 0, 1, { part: 'train' }],
      ['c', 0, 1],
    );
    const result = splitByGroup(items, shares);
    expect(partsOfGroup(items, result, 'a')).toEqual(['validation']);
    const free = (group: string) =>
      items.filter((item) => item.group === group && !item.part).map(({ id }) => result.get(id));
    expect(new Set(free('b'))).toEqual(new Set(['test']));
    expect(free('c')).toEqual(['train']);
  });

  it('add nothing to a test that the source named, and take validation from the rest', () => {
    const items = randomItems(4).map((item): SplitItem => (item.group === 'g0' ? { ...item, part: 'test' } : item));
    const result = splitByGroup(items, shares);
    const { train, validation, test } = count(items, result);
    expect(test).toBe(items.filter(({ group }) => group === 'g0').length);
    expect(Math.abs(validation / (train + validation) - 0.25)).toBeLessThan(0.05);
    for (const group of groupsOf(items)) expect(partsOfGroup(items, result, group)).toHaveLength(1);
  });

  it('take the test from the rest where the source named only training and validation', () => {
    const named: Partial<Record<string, Part>> = { g0: 'train', g1: 'validation' };
    const items = randomItems(5).map((item) => ({ ...item, part: named[item.group] }));
    const { test } = count(items, splitByGroup(items, shares));
    expect(Math.abs(test / items.length - 0.2)).toBeLessThan(0.05);
  });

  it('top up every part of an earlier split, the test too, and change none of it', () => {
    const all = randomItems(6, { groups: 200 });
    const before = all.filter(({ group }) => Number(group.slice(1)) < 50);
    const earlier = splitByGroup(before, shares);
    const items = all.map((item) => ({ ...item, earlier: earlier.get(item.id) }));
    const result = splitByGroup(items, shares);
    for (const [id, part] of earlier) expect(result.get(id)).toBe(part);
    const { test, validation } = count(items, result);
    expect(Math.abs(test / items.length - 0.2)).toBeLessThan(0.02);
    expect(Math.abs(validation / items.length - 0.2)).toBeLessThan(0.02);
  });

  it('teach a class that only a new group has', () => {
    const items = itemsOf(['a', 0, 50, { earlier: 'train' }], ['b', 0, 2, { earlier: 'test' }], ['c', 1, 1]);
    expect(partsOfGroup(items, splitByGroup(items, shares), 'c')).toEqual(['train']);
  });
});

describe('folds by group', () => {
  it('hold out every group once, with about the same items of each class', () => {
    for (let seed = 0; seed < 10; seed++) {
      const items = randomItems(seed);
      const { folds, count: k, message } = foldsByGroup(items, 5, seed);
      expect([k, message, folds.size]).toEqual([5, undefined, items.length]);
      for (const group of groupsOf(items))
        expect(new Set(items.filter((one) => one.group === group).map(({ id }) => folds.get(id))).size).toBe(1);
      for (const own of classesOf(items)) {
        const ofClass = items.filter(({ classIndex }) => classIndex === own);
        for (let fold = 0; fold < k; fold++) {
          const held = ofClass.filter(({ id }) => folds.get(id) === fold).length;
          expect(held).toBeLessThan(ofClass.length);
          if (ofClass.length >= 100) expect(Math.abs(held / ofClass.length - 0.2)).toBeLessThan(0.1);
        }
      }
    }
  });

  it('are the same for the same seed and differ for another', () => {
    const items = randomItems(1);
    expect(foldsByGroup(items, 4, 1)).toEqual(foldsByGroup(items, 4, 1));
    expect(foldsByGroup(items, 4, 2)).not.toEqual(foldsByGroup(items, 4, 1));
  });

  it('are as many as there are groups, none empty, and say so', () => {
    const items = itemsOf(['a', 0, 5], ['b', 0, 50], ['c', 0, 1]);
    const { folds, count: k, message } = foldsByGroup(items, 10, 0);
    expect(k).toBe(3);
    expect(new Set(folds.values())).toEqual(new Set([0, 1, 2]));
    expect(message).toContain('3 folds, not 10');
  });

  it('never hold out the only group of a class, and say so', () => {
    const items = itemsOf(['a', 0, 5], ['b', 0, 5], ['c', 0, 5], ['c', 1, 5]);
    const { folds, count: k, message } = foldsByGroup(items, 2, 0);
    expect(k).toBe(2);
    expect(items.filter(({ id }) => !folds.has(id)).map(({ group }) => group)).toEqual(new Array(10).fill('c'));
    expect(message).toMatch(/always trained on.*: 1\./);
  });

  it('are none without two groups to hold out', () => {
    expect(foldsByGroup([], 5, 0).count).toBe(0);
    expect(foldsByGroup(itemsOf(['a', 0, 5], ['b', 1, 5]), 5, 0).count).toBe(0);
  });
});

describe('leaks', () => {
  it('are groups on both sides of the test; validation stands with training', () => {
    const rows: [string | null, Part | undefined][] = [
      ['both', 'test'],
      ['both', 'validation'],
      ['trained', 'train'],
      ['trained', 'validation'],
      ['tested', 'test'],
      ['unknown', 'test'],
      ['unknown', undefined],
      [null, 'test'],
      [null, 'train'],
    ];
    const items = rows.map(([group], id) => ({ id, group }));
    const known = new Map(rows.flatMap(([, part], id) => (part ? [[id, part] as const] : [])));
    expect(leaks(items, known)).toEqual(['both']);
  });
});
