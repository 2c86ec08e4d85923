import { UserError } from '../contract/errors.ts';
import type { Part } from '../contract/images.ts';
import type { Split } from './project-split.ts';
import { type LabelledItem, listLabelled, togetherKey } from '../items/labelled.ts';
import { listClasses } from '../labels/classes.ts';
import type { Project } from '../projects/project.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';

/**
 * The labelled items, with their classes numbered as the outputs will be.
 *
 * @param setId keeps those that have codes in this set
 * @throws UserError when there are fewer than two classes to tell apart
 */
export function gatherDataSet(project: Project, split: Split, setId?: number): LabelledData {
  const labelled = listLabelled(project);
  const coded = setId === undefined ? undefined : codedItems(project, setId);
  return asDataSet(project, split, coded ? labelled.filter((item) => coded.has(item.id)) : labelled);
}

/**
 * Some of the labelled items, with their classes numbered as the outputs will be.
 *
 * @throws UserError when there are fewer than two classes to tell apart
 */
export function asDataSet(
  project: Project,
  split: Pick<Split, 'parts' | 'config'>,
  items: readonly LabelledItem[],
): LabelledData {
  const present = new Set(items.map((item) => item.classId));
  const classes = listClasses(project).filter((one) => present.has(one.id));
  if (classes.length < 2) {
    const found = classes[0] ? `only ${classes[0].name} is labelled` : 'no item is labelled';
    throw new UserError(`A classifier needs items of two classes at least; ${found}.`);
  }
  const indexOfClass = new Map(classes.map((one, index) => [one.id, index]));
  return {
    ids: items.map((item) => item.id),
    classIndices: Int32Array.from(items, (item) => indexOfClass.get(item.classId)!),
    parts: items.map((item): Part => split.parts.get(item.id) ?? 'train'),
    groups: items.map((item) => togetherKey(item, split.config.by)),
    classNames: classes.map((one) => one.name),
  };
}

/** Items that have codes in a set. */
export function codedItems(project: Project, setId: number): Set<number> {
  const ids = project.database.prepare<[number], number>('SELECT item_id FROM codes.codes WHERE set_id = ?').pluck();
  return new Set(ids.all(setId));
}
