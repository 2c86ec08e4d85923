import type { Part } from '../contract/images.ts';
import type { Project } from '../projects/project.ts';

/** What keeps items together in a split: the group; where there is none, the image; or nothing. */
export const groupings = ['group', 'image', 'item'] as const;
export type Grouping = (typeof groupings)[number];

export interface LabelledItem {
  readonly id: number;
  readonly classId: number;
  readonly imageId: number;
  /** As its source gave it. */
  readonly group: string | null;
  readonly part: Part | null;
}

/** Every item that has a label now, by number. */
export function listLabelled(project: Project): LabelledItem[] {
  return project.database
    .prepare<[], LabelledItem>(
      `SELECT items.id, labels.class_id AS classId, image_id AS imageId, group_name AS "group", part
         FROM labels JOIN items ON items.id = labels.item_id WHERE labels.class_id IS NOT NULL ORDER BY items.id`,
    )
    .all();
}

/** Items of the same answer are never divided. An item without a group is kept with the others of its image. */
export function togetherKey(item: LabelledItem, by: Grouping): string {
  if (by === 'item') return `item ${item.id}`;
  if (by === 'group' && item.group !== null) return `group ${item.group}`;
  return `image ${item.imageId}`;
}
