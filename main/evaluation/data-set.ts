import { UserError } from '../contract/errors.ts';
import type { Part } from '../contract/images.ts';
import type { Split } from './project-split.ts';
import { listLabelled, togetherKey } from '../items/labelled.ts';
import { listClasses } from '../labels/classes.ts';
import type { Project } from '../projects/project.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';

/**
 * The labelled items that have codes in a set, with their classes numbered as the outputs will be.
 *
 * @throws UserError when there are fewer than two classes to tell apart
 */
export function gatherDataSet(project: Project, setId: number, split: Split): LabelledData {
  const coded = new Set(
    project.database.prepare<[number], number>('SELECT item_id FROM codes.codes WHERE set_id = ?').pluck().all(setId),
  );
  const items = listLabelled(project).filter((item) => coded.has(item.id));
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
