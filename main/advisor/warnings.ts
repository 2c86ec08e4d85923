import { count, counted } from '../contract/counts.ts';
import type { AdviceWarning, Lookalikes, Size } from '../contract/advice.ts';
import { listed } from './words.ts';

/** What of a labelled item may tell its class without showing it. */
export interface Origin {
  readonly className: string;
  /** As its source gave it. */
  readonly group: string | null;
  /** Size, format and depth of its image: one camera writes them all alike. */
  readonly camera: string;
}

/** Fewer training items of a class teach little of what varies in it. */
const fewToLearn = 10;
/** Fewer test items of a class say little of how well it is told. */
const fewToTest = 5;
/** Training, validation and test want a group each. */
const fewGroups = 3;
/** From here on the largest class outweighs the smallest by so much that accuracy says little. */
const unbalancedFrom = 10;
/** A class of which so much comes from one group is as good as that group. */
const sessionShare = 0.9;
/** So few items may agree in anything by chance. */
const enoughToSuspect = 5;

/**
 * What would make a plan, or the score that comes of it, worth less than it looks.
 *
 * @param split what the split warns of: groups and images on both sides, groups that are not known
 * @param lookalikes undefined where they were not looked for
 */
export function warningsOf(
  size: Size,
  origins: readonly Origin[],
  split: readonly AdviceWarning[],
  lookalikes: Lookalikes | undefined,
): AdviceWarning[] {
  return [
    ...fewOf(size),
    ...partsOf(size),
    ...split,
    ...lookalikeWarnings(lookalikes),
    ...oneGroupOf(size),
    ...sessionsOf(origins),
    ...camerasOf(origins),
  ];
}

function fewOf({ classes, imbalance, groups }: Size): AdviceWarning[] {
  const warnings: AdviceWarning[] = [];
  const few = classes.filter(({ train }) => train < fewToLearn);
  if (few.length)
    warnings.push({
      kind: 'few',
      text: `Few to learn from: ${listed(few.map(({ name, train }) => `${name} has ${counted(train, 'training item')}`))}. Label more of ${few.length === 1 ? 'it' : 'these'}, ${2 * fewToLearn} at least.`,
    });
  const untested = classes.filter(({ train, test }) => train >= fewToLearn && test > 0 && test < fewToTest);
  if (untested.length)
    warnings.push({
      kind: 'few',
      text: `The test holds few of some classes, whose scores will say little: ${listed(untested.map(({ name, test }) => `${test} of ${name}`))}.`,
    });
  if (groups !== null) {
    const narrow = classes.filter((one) => one.groups > 1 && one.groups < fewGroups);
    if (narrow.length)
      warnings.push({
        kind: 'few',
        text: `Training, validation and test cannot each have a group of their own of ${listed(narrow.map(({ name, groups: own }) => `${name} (${counted(own, 'group')})`))}.`,
      });
  }
  if (imbalance !== null && imbalance >= unbalancedFrom) {
    const sorted = classes.toSorted((a, b) => b.items - a.items);
    const [most, least] = [sorted[0], sorted.at(-1)!];
    warnings.push({
      kind: 'imbalance',
      text: `${most.name} has ${count(most.items)} items and ${least.name} ${count(least.items)}. Judge by macro-F1, in which every class counts the same, not by accuracy.`,
    });
  }
  return warnings;
}

function partsOf({ labelled, counts }: Size): AdviceWarning[] {
  if (labelled === 0) return [];
  return [
    ...(counts.test === 0
      ? [{ kind: 'parts' as const, text: 'Nothing is held out for a test: how good the result is will not be known.' }]
      : []),
    ...(counts.validation === 0
      ? [
          {
            kind: 'parts' as const,
            text: 'No items are set aside for validation: fine-tuning cannot tell which of its states is the best.',
          },
        ]
      : []),
  ];
}

function lookalikeWarnings(lookalikes: Lookalikes | undefined): AdviceWarning[] {
  if (!lookalikes?.pairs.length) return [];
  const { pairs } = lookalikes;
  const named = pairs.slice(0, 3).map(({ test, other }) => `item ${test} and item ${other}`);
  return [
    {
      kind: 'lookalikes',
      text: `${counted(pairs.length, 'test item')} of ${count(lookalikes.test)} ${pairs.length === 1 ? 'looks' : 'look'} the same as an item that is learnt from (${listed(named, pairs.length)}): scores will look better than they are. Give both the same group, or remove one.`,
    },
  ];
}

/** Nothing is known of other groups where all that is learnt from is of one. */
function oneGroupOf({ learntGroups }: Size): AdviceWarning[] {
  if (learntGroups !== 1) return [];
  return [
    {
      kind: 'session',
      text: 'All items to learn and to choose from are of one group. What is learnt of it may not hold for another: label items of other groups, or divide the items anew.',
    },
  ];
}

/** Classes of which nearly all items come from one group: the group may be what is learnt. */
function sessionsOf(origins: readonly Origin[]): AdviceWarning[] {
  const known = origins.filter(({ group }) => group !== null);
  if (new Set(known.map(({ group }) => group)).size < 2) return [];
  const suspects = [...Map.groupBy(known, ({ className }) => className)].flatMap(([name, own]) => {
    const [group, most] = largest(own.map((one) => one.group!));
    return own.length >= enoughToSuspect && most >= sessionShare * own.length
      ? [`${most === own.length ? 'all' : count(most)} of the ${count(own.length)} items of ${name} come from ${group}`]
      : [];
  });
  if (suspects.length === 0) return [];
  return [
    {
      kind: 'session',
      text: `A class may look like a session: ${listed(suspects)}. What is learnt may be the group and not the class; label ${suspects.length === 1 ? 'this class' : 'these classes'} in other groups too.`,
    },
  ];
}

/** Classes whose images differ from all others in size, format or depth: the camera may be what is learnt. */
function camerasOf(origins: readonly Origin[]): AdviceWarning[] {
  const classes = [...Map.groupBy(origins, ({ className }) => className)];
  if (classes.length < 2) return [];
  const suspects = classes.flatMap(([name, own]) => {
    const cameras = new Set(own.map(({ camera }) => camera));
    const shared = origins.some((one) => one.className !== name && cameras.has(one.camera));
    // Cropped images each have a size of their own, which tells nothing.
    const few = cameras.size <= own.length / enoughToSuspect;
    return own.length >= enoughToSuspect && few && !shared ? [`those of ${name} (${[...cameras][0]})`] : [];
  });
  if (suspects.length === 0) return [];
  return [
    {
      kind: 'camera',
      text: `Images of no other class have the size and format of ${listed(suspects)}. What is learnt may be the camera and not the class.`,
    },
  ];
}

function largest(values: readonly string[]): [value: string, count: number] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
}
