import type { Part } from '../contract/images.ts';
import { dealGroups, groupNumbers } from '../engine/linear/stratify.ts';

export interface SplitItem {
  readonly id: number;
  /** Any number that items of one class have in common. */
  readonly classIndex: number;
  /** Items of one group are not divided, unless what is settled divides them. */
  readonly group: string;
  /** Where the item's source put it. Settled. */
  readonly part?: Part;
  /** Where an earlier split put it. Settled too, and comes first. */
  readonly earlier?: Part;
}

/** Shares of all items; what is left is for training. */
export interface SplitShares {
  readonly test: number;
  readonly validation: number;
  readonly seed: number;
}

/** By need: what is to be learnt must be in training, and a test says more than a validation, which folds can replace. */
const byNeed: readonly Part[] = ['train', 'test', 'validation'];

/** A group of which nothing is settled. */
interface FreeGroup {
  part: Part;
  /** Class number of each of its items. */
  readonly classes: number[];
}

/**
 * Divides items into training, validation and test, each group as a whole, so that every part holds its share of each
 * class as nearly as the groups allow.
 *
 * What is settled is never changed. The other items of a group follow its settled ones, to the part where most of them
 * are (where equal: training, then test). Where the source named test items, they are the test and nothing is added: the
 * rest is divided between training and validation in the proportion of their shares. The parts of an earlier split are
 * topped up instead: groups that came since go where they are wanted most, the test too.
 *
 * Few groups: a class of which training has nothing gets its smallest group that can be moved there; then the test, then
 * validation, if asked for and empty, get the smallest group that leaves training every class. So a single group is all
 * training, two groups give no validation, and a part that cannot be filled stays empty.
 *
 * @returns the part of each item, by `id`
 */
export function splitByGroup(items: readonly SplitItem[], { test, validation, seed }: SplitShares): Map<number, Part> {
  const testIsGiven = items.some(({ part }) => part === 'test');
  const shares = testIsGiven
    ? { train: 1 - validation / (1 - test), test: 0, validation: validation / (1 - test) }
    : { train: 1 - test - validation, test, validation };
  const settled = settledParts(items);
  const dealt = items.flatMap((item, at) => {
    const part = settled[at];
    return testIsGiven && part === 'test' ? [] : [{ item, part }];
  });
  const { numbers: classes, count: classCount } = classNumbers(dealt.map(({ item }) => item));
  const places = dealGroups(classes, groupNumbers(dealt.map(({ item }) => item.group)), classCount, {
    shares: byNeed.map((part) => shares[part]),
    seed,
    settled: dealt.map(({ part }) => (part ? byNeed.indexOf(part) : -1)),
  });

  const free = new Map<string, FreeGroup>();
  const learnt = new Int32Array(classCount);
  for (const [row, { item, part }] of dealt.entries()) {
    const place = byNeed[places[row]];
    if (place === 'train') learnt[classes[row]] += 1;
    if (part) continue;
    const group = free.get(item.group);
    if (group) group.classes.push(classes[row]);
    else free.set(item.group, { part: place, classes: [classes[row]] });
  }
  const groups = [...free.values()];
  teachEveryClass(groups, learnt);
  for (const part of ['test', 'validation'] as const)
    if (shares[part] > 0 && !groups.some((group) => group.part === part) && !settled.includes(part))
      fillPart(part, groups, learnt);
  return new Map(items.map(({ id, group }, at) => [id, settled[at] ?? free.get(group)!.part]));
}

/** The part of each item that is settled, by itself or by its group. */
function settledParts(items: readonly SplitItem[]): (Part | undefined)[] {
  const votes = new Map<string, Record<Part, number>>();
  for (const { group, part, earlier } of items) {
    const own = earlier ?? part;
    if (!own) continue;
    const counts = votes.get(group) ?? { train: 0, test: 0, validation: 0 };
    counts[own] += 1;
    votes.set(group, counts);
  }
  return items.map(({ group, part, earlier }) => {
    const counts = votes.get(group);
    return earlier ?? part ?? (counts && byNeed.reduce((best, one) => (counts[one] > counts[best] ? one : best)));
  });
}

/** Moves groups to training, the smallest first, until it has an item of every class that can be moved. */
function teachEveryClass(groups: readonly FreeGroup[], learnt: Int32Array): void {
  for (const [wanted, count] of learnt.entries()) {
    if (count > 0 || learnt[wanted] > 0) continue;
    const group = smallest(groups.filter((one) => one.part !== 'train' && one.classes.includes(wanted)));
    if (!group) continue;
    group.part = 'train';
    for (const own of group.classes) learnt[own] += 1;
  }
}

/** Moves the smallest group to an empty part, from one that is less needed or from classes that training has more of. */
function fillPart(part: 'test' | 'validation', groups: readonly FreeGroup[], learnt: Int32Array): void {
  const canSpare = ({ classes }: FreeGroup) => {
    const left = new Map<number, number>();
    for (const own of classes) left.set(own, (left.get(own) ?? learnt[own]) - 1);
    return [...left.values()].every((count) => count > 0);
  };
  const lessNeeded = byNeed.slice(byNeed.indexOf(part) + 1);
  const group = smallest(
    groups.filter((one) => lessNeeded.includes(one.part) || (one.part === 'train' && canSpare(one))),
  );
  if (!group) return;
  if (group.part === 'train') for (const own of group.classes) learnt[own] -= 1;
  group.part = part;
}

function smallest(groups: readonly FreeGroup[]): FreeGroup | undefined {
  return groups.reduce<FreeGroup | undefined>(
    (best, one) => (best && best.classes.length <= one.classes.length ? best : one),
    undefined,
  );
}

/** Classes numbered from 0 without gaps. */
function classNumbers(items: readonly { readonly classIndex: number }[]): { numbers: Int32Array; count: number } {
  const known = new Map<number, number>();
  for (const { classIndex } of items) if (!known.has(classIndex)) known.set(classIndex, known.size);
  return { numbers: Int32Array.from(items, ({ classIndex }) => known.get(classIndex)!), count: known.size };
}

export interface FoldItem {
  readonly id: number;
  readonly classIndex: number;
  readonly group: string;
}

export interface Folds {
  /** The fold in which an item is held out, from 0, by `id`. Items that never are have none. */
  readonly folds: ReadonlyMap<number, number>;
  readonly count: number;
  /** What differs from what was asked for, and why. */
  readonly message?: string;
}

/**
 * Divides items into `k` folds of about equal size, each group as a whole, each class as evenly as the groups allow. No
 * fold is empty: with fewer groups than `k` there are as many folds as groups.
 *
 * A group with all the items of a class is never held out, since nothing could be learnt of that class without it. With a
 * handful of groups a class of several may still fall into one fold (4 of 3,541 random sets of 2 to 11 groups): fitting
 * refuses that fold, and another seed or number of folds helps.
 */
export function foldsByGroup(items: readonly FoldItem[], k: number, seed: number): Folds {
  const groupsOfClass = new Map<number, Set<string>>();
  for (const { classIndex, group } of items) {
    const groups = groupsOfClass.get(classIndex);
    if (groups) groups.add(group);
    else groupsOfClass.set(classIndex, new Set([group]));
  }
  const kept = new Set([...groupsOfClass.values()].flatMap((groups) => (groups.size === 1 ? [...groups] : [])));
  const dealt = items.filter(({ group }) => !kept.has(group));
  const groups = groupNumbers(dealt.map(({ group }) => group));
  const groupCount = new Set(groups).size;
  const count = Math.min(k, groupCount);
  const { numbers, count: classCount } = classNumbers(dealt);
  const shares = new Array<number>(count).fill(1 / count);
  const places = dealGroups(numbers, groups, classCount, { shares, seed });
  const messages = [
    ...(kept.size ? [`Groups that are always trained on, as each has all the items of a class: ${kept.size}.`] : []),
    ...(count < k ? [`Groups that can be held out: ${groupCount}. So there are ${count} folds, not ${k}.`] : []),
  ];
  return {
    folds: new Map(dealt.map(({ id }, at) => [id, places[at]])),
    count,
    ...(messages.length ? { message: messages.join(' ') } : {}),
  };
}

/** Groups with items both in the test and outside it. Items without a group, or without a part, are passed over. */
export function leaks<Group extends string | number>(
  items: Iterable<{ readonly id: number; readonly group: Group | null }>,
  parts: ReadonlyMap<number, Part>,
): Group[] {
  const sides = new Map<Group, { test: boolean; other: boolean }>();
  for (const { id, group } of items) {
    const part = parts.get(id);
    if (group === null || !part) continue;
    const seen = sides.get(group) ?? { test: false, other: false };
    seen[part === 'test' ? 'test' : 'other'] = true;
    sides.set(group, seen);
  }
  return [...sides].flatMap(([group, { test, other }]) => (test && other ? [group] : []));
}
