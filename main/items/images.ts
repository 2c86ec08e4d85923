import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Image } from '../contract/api/items.ts';
import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';

type Row = Omit<Image, 'name' | 'missing'> & { readonly name: string | null; readonly copied: number };

/** The project's images in the order in which they came, from one place in that order on. */
export async function listImages(project: Project, offset: number, limit: number): Promise<Image[]> {
  const rows = project.database
    .prepare<[number, number], Row>(
      `WITH wanted AS MATERIALIZED (SELECT * FROM images ORDER BY id LIMIT ? OFFSET ?)
       SELECT wanted.id, name, path, copied, page, wanted.width, wanted.height, format, bits,
              COUNT(items.id) AS items, COUNT(labels.class_id) AS labelled
         FROM wanted LEFT JOIN items ON items.image_id = wanted.id LEFT JOIN labels ON labels.item_id = items.id
        GROUP BY wanted.id ORDER BY wanted.id`,
    )
    .all(limit, offset);
  return Promise.all(
    rows.map(async ({ copied, name, ...row }) => {
      const path = imagePath(project, { path: row.path, copied });
      return { ...row, path, name: name ?? basename(path), missing: !(await exists(path)) };
    }),
  );
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Groups by name as people count (2 before 10), with how many items they have. */
export function listGroups(project: Project): { name: string; items: number }[] {
  return project.database
    .prepare<[], { name: string; items: number }>(
      `SELECT group_name AS name, COUNT(*) AS items FROM items WHERE group_name IS NOT NULL GROUP BY group_name`,
    )
    .all()
    .sort((a, b) => compare(a.name, b.name));
}
