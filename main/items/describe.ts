import { basename } from 'node:path';
import type { Item } from '../contract/api/items.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { type ViewColumns, viewColumns, viewOf } from './views.ts';

type Row = Omit<Item, 'image' | 'box' | 'viewKey'> & ViewColumns & { readonly name: string | null };

/** What screens show of items, in the order asked for. Items that are no more are left out. */
export function describeItems(project: Project, ids: readonly number[]): Item[] {
  const projectLimits = getSetting(project, 'displayLimits');
  return project.database
    .prepare<[string], Row>(
      `SELECT items.id, items.image_id AS imageId, group_name AS "group", part, labels.class_id AS classId,
              CASE WHEN labels.class_id IS NOT NULL THEN operation.source END AS source, images.name, ${viewColumns}
         FROM json_each(?) AS wanted
         JOIN items ON items.id = wanted.value
         JOIN images ON images.id = items.image_id
         LEFT JOIN labels ON labels.item_id = items.id
         LEFT JOIN label_events AS event ON event.id = labels.event_id
         LEFT JOIN label_operations AS operation ON operation.id = event.operation_id
        ORDER BY wanted.key`,
    )
    .all(JSON.stringify(ids))
    .map((row) => {
      const { id, imageId, name, path, page, kind, x, y, width, height, group, part, classId, source } = row;
      const { key: viewKey } = viewOf(row, projectLimits);
      const box = { x, y, width, height };
      return { id, imageId, image: name ?? basename(path), page, kind, box, group, part, classId, source, viewKey };
    });
}
