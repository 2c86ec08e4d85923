import { z } from 'zod';
import { UserError } from '../contract/errors.ts';
import type { Part } from '../contract/images.ts';
import { groupings, type LabelledItem, listLabelled, togetherKey } from '../items/labelled.ts';
import type { Project } from '../projects/project.ts';
import { leaks, splitByGroup } from './splits.ts';

export const splitConfigSchema = z.object({
  /** Shares of the labelled items. What is left is for training. */
  test: z.number().min(0).max(0.9),
  validation: z.number().min(0).max(0.9),
  by: z.enum(groupings),
  seed: z.int(),
});
export type SplitConfig = z.infer<typeof splitConfigSchema>;

export const defaultSplit: SplitConfig = { test: 0.2, validation: 0.2, by: 'group', seed: 0 };

export interface Split {
  readonly id: number;
  readonly config: SplitConfig;
  readonly parts: ReadonlyMap<number, Part>;
}

export interface SplitReport extends Split {
  readonly counts: Readonly<Record<Part, number>>;
  readonly warnings: readonly string[];
}

/**
 * Divides the labelled items anew; parts that came with the images are kept. It becomes the project's split.
 *
 * @throws UserError when nothing is labelled, or when the shares leave nothing to train on
 */
export function createSplit(project: Project, config: SplitConfig = defaultSplit): SplitReport {
  const checked = splitConfigSchema.safeParse(config);
  if (!checked.success || config.test + config.validation >= 1) {
    throw new UserError(
      `Test ${config.test} and validation ${config.validation} must each lie between 0 and 0.9, and leave something to train on.`,
    );
  }
  const items = listLabelled(project);
  if (!items.length) throw new UserError('Nothing is labelled yet. Label some items, or import labels, first.');
  return record(project, config, divide(items, config, new Map()), items);
}

/**
 * The project's split: the last one made, with items that were labelled since put on a side too (with their group,
 * where it has one). Made with the defaults where there is none yet.
 */
export function currentSplit(project: Project): SplitReport {
  const { id, config, parts, items } = plannedSplit(project);
  if (!items.length) return createSplit(project, config);
  return id === undefined ? record(project, config, parts, items) : report({ id, config, parts }, items);
}

/** A division that may not be recorded yet, with the labelled items that it divides. */
export interface PlannedSplit extends Omit<SplitReport, 'id'> {
  readonly id: number | undefined;
  readonly items: readonly LabelledItem[];
}

/** What `currentSplit` would give now, without recording it. */
export function plannedSplit(project: Project): PlannedSplit {
  const last = project.database
    .prepare<[], { id: number; config: string }>('SELECT id, config FROM splits ORDER BY id DESC LIMIT 1')
    .get();
  const config = last ? splitConfigSchema.parse(JSON.parse(last.config)) : defaultSplit;
  const earlier = new Map(
    project.database
      .prepare<[number | undefined], [number, Part]>('SELECT item_id, part FROM split_members WHERE split_id = ?')
      .raw()
      .all(last?.id),
  );
  const items = listLabelled(project);
  const stands = last !== undefined && items.every((item) => earlier.has(item.id));
  const parts = stands ? earlier : divide(items, config, earlier);
  return { ...report({ id: 0, config, parts }, items), id: stands ? last.id : undefined, items };
}

function divide(
  items: readonly LabelledItem[],
  config: SplitConfig,
  earlier: ReadonlyMap<number, Part>,
): ReadonlyMap<number, Part> {
  return splitByGroup(
    items.map((item) => ({
      id: item.id,
      classIndex: item.classId,
      group: togetherKey(item, config.by),
      part: item.part ?? undefined,
      earlier: earlier.get(item.id),
    })),
    config,
  );
}

function record(
  project: Project,
  config: SplitConfig,
  parts: ReadonlyMap<number, Part>,
  items: readonly LabelledItem[],
): SplitReport {
  return project.database.transaction(() => {
    const { lastInsertRowid } = project.database
      .prepare('INSERT INTO splits (created, config) VALUES (?, ?)')
      .run(new Date().toISOString(), JSON.stringify(config));
    // One statement a part: row by row, a hundred thousand members take three times as long.
    const insert = project.database.prepare(
      'INSERT INTO split_members (split_id, item_id, part) SELECT ?, value, ? FROM json_each(?)',
    );
    for (const [part, members] of Map.groupBy(parts, ([, part]) => part))
      insert.run(lastInsertRowid, part, JSON.stringify(members.map(([itemId]) => itemId)));
    return report({ id: Number(lastInsertRowid), config, parts }, items);
  })();
}

function report(split: Split, items: readonly LabelledItem[]): SplitReport {
  const counts = { train: 0, validation: 0, test: 0 };
  for (const item of items) counts[split.parts.get(item.id)!]++;
  return { ...split, counts, warnings: leakWarnings(split.parts, items) };
}

/** What would make a score look better than it is: the same group, or the same image, on both sides of the test. */
export function leakWarnings(parts: ReadonlyMap<number, Part>, items: readonly LabelledItem[]): string[] {
  const warnings: string[] = [];
  const groups = leaks(items, parts).length;
  if (groups)
    warnings.push(
      `${groups} ${groups === 1 ? 'group has' : 'groups have'} items both in training and in the test: scores will look better than they are.`,
    );
  const images = leaks(
    items.map(({ id, imageId }) => ({ id, group: imageId })),
    parts,
  ).length;
  if (images)
    warnings.push(
      `${images} ${images === 1 ? 'image has' : 'images have'} regions both in training and in the test: scores will look better than they are.`,
    );
  if (items.every((item) => item.group === null)) {
    warnings.push(
      'No groups are known (patient, slide, plate, day). If several images show one subject, import them again and say what their groups are.',
    );
  }
  return warnings;
}
