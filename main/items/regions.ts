import { UserError } from '../contract/errors.ts';
import type { Box } from '../contract/images.ts';
import { checkBox } from '../images/boxes.ts';
import { labelItems } from '../labels/label-items.ts';
import type { Project } from '../projects/project.ts';

/** Context around a region where the project has none yet to go by. */
const defaultMargin = 0.1;

/** The margin of most regions: what a new region is to be shown with. Undefined where all items are whole images. */
export function usualMargin(project: Project): number | undefined {
  return project.database
    .prepare<[], number>(
      `SELECT margin FROM items WHERE kind = 'region' GROUP BY margin ORDER BY COUNT(*) DESC LIMIT 1`,
    )
    .pluck()
    .get();
}

/**
 * Adds regions that a person drew. They get the group and the part that the image's other items have, and the label given.
 *
 * @param boxes in pixels of the image; what reaches beyond it is cut off
 * @returns their numbers, in order; a region that is there already keeps its own
 * @throws UserError when a box lies outside the image, and nothing is added
 */
export function addRegions(
  project: Project,
  imageId: number,
  boxes: readonly Box[],
  classId: number | null = null,
): number[] {
  const { database } = project;
  const image = database
    .prepare<[number], { width: number; height: number }>('SELECT width, height FROM images WHERE id = ?')
    .get(imageId);
  if (!image) throw new UserError('This image is not in the project any more.');
  const most = (column: 'group_name' | 'part'): string | null =>
    database
      .prepare<[number], string>(
        `SELECT ${column} FROM items WHERE image_id = ? AND ${column} IS NOT NULL GROUP BY ${column} ORDER BY COUNT(*) DESC LIMIT 1`,
      )
      .pluck()
      .get(imageId) ?? null;
  return database.transaction(() => {
    const [group, part, margin] = [most('group_name'), most('part'), usualMargin(project) ?? defaultMargin];
    const insert = database.prepare(
      `INSERT INTO items (image_id, kind, x, y, width, height, margin, group_name, part) VALUES (?, 'region', ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    );
    const find = database
      .prepare<[number, number, number, number, number], number>(
        `SELECT id FROM items WHERE image_id = ? AND kind = 'region' AND x = ? AND y = ? AND width = ? AND height = ?`,
      )
      .pluck();
    const ids = boxes.map((given) => {
      const { x, y, width, height } = checkBox(clip(given, image), image.width, image.height);
      insert.run(imageId, x, y, width, height, margin, group, part);
      return find.get(imageId, x, y, width, height)!;
    });
    if (classId !== null)
      labelItems(
        project,
        ids.map((itemId) => ({ itemId, classId })),
      );
    return ids;
  })();
}

/** The part of a box that lies in the image: a hand may draw beyond the edge. */
function clip({ x, y, width, height }: Box, image: { readonly width: number; readonly height: number }): Box {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return {
    x: left,
    y: top,
    width: Math.min(image.width, x + width) - left,
    height: Math.min(image.height, y + height) - top,
  };
}
