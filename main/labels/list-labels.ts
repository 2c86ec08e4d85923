import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';

/** A label with its item, as `parfocal labels` writes it. */
export interface LabelRow {
  readonly item: number;
  /** Absolute path. */
  readonly image: string;
  readonly page: number;
  readonly x: number | null;
  readonly y: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly label: string | null;
  readonly group: string | null;
  readonly split: string | null;
  readonly source: string;
  readonly author: string;
  readonly time: string;
}

/**
 * Every item's current label, item by item; or every event that ever was, oldest first within an item.
 *
 * @param options.history all events instead of the last of each item
 */
export function* listLabels(project: Project, options: { history?: boolean } = {}): Generator<LabelRow> {
  const events = options.history
    ? 'label_events AS event'
    : 'labels JOIN label_events AS event ON event.id = labels.event_id';
  const region = (column: string): string => `CASE items.kind WHEN 'region' THEN items.${column} END AS ${column}`;
  const rows = project.database
    .prepare<[], Omit<LabelRow, 'image'> & { path: string; copied: number }>(
      `SELECT items.id AS item, images.path, images.copied, images.page AS page,
              ${['x', 'y', 'width', 'height'].map(region).join(', ')},
              classes.name AS label, items.group_name AS "group", items.part AS split,
              operation.source AS source, operation.author AS author, operation.time AS time
         FROM ${events}
         JOIN label_operations AS operation ON operation.id = event.operation_id
         JOIN items ON items.id = event.item_id
         JOIN images ON images.id = items.image_id
         LEFT JOIN classes ON classes.id = event.class_id
        ORDER BY items.id, event.id`,
    )
    .iterate();
  for (const { path, copied, ...row } of rows) yield { ...row, image: imagePath(project, { path, copied }) };
}
