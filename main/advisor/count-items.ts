import type { Size } from '../contract/advice.ts';
import type { Part } from '../contract/images.ts';
import type { LabelledItem } from '../items/labelled.ts';
import { togetherKey } from '../items/labelled.ts';

/**
 * How many items there are to learn from.
 *
 * @param parts where each item stands
 * @param names of the classes, by number
 */
export function sizeOf(
  items: readonly LabelledItem[],
  parts: ReadonlyMap<number, Part>,
  names: ReadonlyMap<number, string>,
): Size {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const { id } of items) counts[parts.get(id)!]++;
  const classes = [...Map.groupBy(items, ({ classId }) => classId)]
    .sort(([a], [b]) => a - b)
    .map(([classId, own]) => ({
      name: names.get(classId)!,
      items: own.length,
      train: own.filter(({ id }) => parts.get(id) === 'train').length,
      test: own.filter(({ id }) => parts.get(id) === 'test').length,
      groups: new Set(own.map((item) => togetherKey(item, 'group'))).size,
    }));
  const sizes = classes.map((one) => one.items);
  const groupsOf = (some: readonly LabelledItem[]): number | null =>
    new Set(some.flatMap(({ group }) => (group === null ? [] : [group]))).size || null;
  return {
    labelled: items.length,
    counts,
    classes,
    typical: median(classes.map(({ train }) => train)),
    imbalance: classes.length < 2 ? null : Math.max(...sizes) / Math.min(...sizes),
    groups: groupsOf(items),
    learntGroups: groupsOf(items.filter(({ id }) => parts.get(id) !== 'test')),
  };
}

/** Of an even number, the mean of the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
