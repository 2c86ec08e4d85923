import { relative, resolve } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { Box } from '../contract/images.ts';
import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';

export interface ItemDescription {
  readonly item: number;
  /** Absolute path. */
  readonly image: string;
  readonly page: number;
  /** null: the whole image. */
  readonly box: Box | null;
  readonly label: string | null;
}

/**
 * The item that a person means: by number, or by the path of an image that has one item only.
 *
 * @throws UserError when there is none, or more than one
 */
export function findItem(project: Project, given: string): number {
  if (/^\d+$/.test(given)) {
    const id = project.database
      .prepare<[number], number>('SELECT id FROM items WHERE id = ?')
      .pluck()
      .get(Number(given));
    if (id === undefined) throw new UserError(`There is no item ${given} in ${project.name}.`);
    return id;
  }
  const ids = project.database
    .prepare<[string, string], number>(
      'SELECT items.id FROM items JOIN images ON images.id = items.image_id WHERE path IN (?, ?) ORDER BY items.id',
    )
    .pluck()
    .all(...pathsOf(project, given));
  const id = ids.at(0);
  if (id === undefined) throw new UserError(`There is no item of the image ${given} in ${project.name}.`);
  if (ids.length > 1)
    throw new UserError(
      `${given} has ${ids.length} items: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ', …' : ''}. Name one by its number.`,
    );
  return id;
}

/**
 * The image that a person means by its path: every page of it that the project has.
 *
 * @throws UserError when there is none
 */
export function findImages(project: Project, given: string): number[] {
  const ids = project.database
    .prepare<[string, string], number>('SELECT id FROM images WHERE path IN (?, ?) ORDER BY id')
    .pluck()
    .all(...pathsOf(project, given));
  if (ids.length === 0) throw new UserError(`There is no image ${given} in ${project.name}.`);
  return ids;
}

/** How the project may have stored a path: referred to where it lies, or copied in. */
const pathsOf = (project: Project, given: string): [string, string] => [
  resolve(given),
  relative(project.folder, given),
];

/** What items are, in the order asked for. */
export function describeItems(project: Project, ids: readonly number[]): ItemDescription[] {
  const statement = project.database.prepare<
    [number],
    Box & { item: number; path: string; copied: number; page: number; kind: string; label: string | null }
  >(
    `SELECT items.id AS item, path, copied, page, kind, x, y, items.width, items.height, classes.name AS label
       FROM items JOIN images ON images.id = items.image_id
       LEFT JOIN labels ON labels.item_id = items.id LEFT JOIN classes ON classes.id = labels.class_id
      WHERE items.id = ?`,
  );
  return ids.map((id) => {
    const { item, path, copied, page, kind, label, ...box } = statement.get(id)!;
    return { item, image: imagePath(project, { path, copied }), page, label, box: kind === 'region' ? box : null };
  });
}
