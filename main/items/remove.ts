import { rm } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { forgetCodes } from '../codes/compute.ts';
import type { Removal, RemovalWeight } from '../contract/api/items.ts';
import { CancelledError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import { imagePath } from '../projects/image-path.ts';
import type { Project } from '../projects/project.ts';

/** Items removed in one transaction. */
const portion = 200;
/** The core answers others after at most about so long, in milliseconds. */
const breath = 30;

/** Removes a few items, at once, with their labels and codes. What runs answered for them stays with the runs. Cannot be undone. */
export function removeItems(project: Project, ids: readonly number[]): void {
  project.database.transaction(() => {
    deleteItems(project, ids);
    forgetEmptyOperations(project);
  })();
}

/** What a removal would take out of the project. */
export function weighRemoval(project: Project, { what, ids }: Removal): RemovalWeight {
  const list = JSON.stringify(ids);
  const images = JSON.stringify(what === 'images' ? ids : emptiedBy(project, ids));
  const { database } = project;
  const mine = what === 'images' ? 'items.image_id' : 'items.id';
  const items = database
    .prepare<[string], { items: number; labelled: number }>(
      `SELECT COUNT(*) AS items, COUNT(labels.class_id) AS labelled FROM items LEFT JOIN labels ON labels.item_id = items.id
        WHERE ${mine} IN (SELECT value FROM json_each(?))`,
    )
    .get(list)!;
  const counted = database
    .prepare<[string], { images: number; copies: number }>(
      `SELECT COUNT(*) AS images, COALESCE(SUM(copied), 0) AS copies FROM images WHERE id IN (SELECT value FROM json_each(?))`,
    )
    .get(images)!;
  return { ...items, ...counted };
}

/**
 * Removes images with all their items, or items and, where the last item of an image that was to be labelled as a whole
 * goes, that image. Labels and codes go too, and the project's own copies of the images; files that are referred to stay.
 * Cannot be undone. A cancellation leaves whole what was not removed yet.
 */
export async function removeInPortions(
  project: Project,
  { what, ids }: Removal,
  { signal, onProgress }: Control = {},
): Promise<void> {
  const images = what === 'images' ? ids : emptiedBy(project, ids);
  const items = what === 'images' ? [] : portionsOf(ids);
  const total = ids.length;
  let done = 0;
  let rested = performance.now();
  const rest = async (): Promise<void> => {
    if (performance.now() - rested < breath) return;
    onProgress?.({ step: 'Removing', done, total });
    await nextTurn();
    rested = performance.now();
    if (signal?.aborted) throw new CancelledError('Removing');
  };
  try {
    for (const some of items) {
      project.database.transaction(() => deleteItems(project, some))();
      done += some.length;
      await rest();
    }
    for (const id of images) {
      await deleteImage(project, id);
      if (what === 'images') done++;
      await rest();
    }
  } finally {
    forgetEmptyOperations(project);
  }
}

function portionsOf(ids: readonly number[]): number[][] {
  return Array.from({ length: Math.ceil(ids.length / portion) }, (_, at) =>
    ids.slice(at * portion, (at + 1) * portion),
  );
}

/** Images that are items as a whole, and of which no item is left when these are gone. */
function emptiedBy(project: Project, itemIds: readonly number[]): number[] {
  return project.database
    .prepare<[string], number>(
      `SELECT image_id FROM items WHERE id IN (SELECT value FROM json_each(?))
        GROUP BY image_id HAVING MAX(kind = 'image')
           AND COUNT(*) = (SELECT COUNT(*) FROM items AS every WHERE every.image_id = items.image_id)`,
    )
    .pluck()
    .all(JSON.stringify(itemIds));
}

function deleteItems(project: Project, ids: readonly number[]): void {
  forgetCodes(project, ids);
  project.database.prepare('DELETE FROM items WHERE id IN (SELECT value FROM json_each(?))').run(JSON.stringify(ids));
}

/** Its items go with it. Another page of the same file may still need the project's copy of it. */
async function deleteImage(project: Project, id: number): Promise<void> {
  const { database } = project;
  const copy = database.transaction(() => {
    const image = database
      .prepare<[number], { path: string; copied: number }>('SELECT path, copied FROM images WHERE id = ?')
      .get(id);
    deleteItems(project, database.prepare<[number], number>('SELECT id FROM items WHERE image_id = ?').pluck().all(id));
    database.prepare('DELETE FROM images WHERE id = ?').run(id);
    const isNeeded = database.prepare<[string | undefined]>('SELECT 1 FROM images WHERE path = ?').get(image?.path);
    return image?.copied && !isNeeded ? imagePath(project, image) : undefined;
  })();
  if (copy !== undefined) await rm(copy, { force: true });
}

/** An undo must not take back an act of which nothing is left. Answers before what they answer. */
function forgetEmptyOperations({ database }: Project): void {
  for (const kinds of [`kind <> 'label'`, `kind = 'label'`])
    database.exec(
      `DELETE FROM label_operations WHERE ${kinds} AND id NOT IN (SELECT operation_id FROM label_events)
          AND COALESCE(target, id) NOT IN (SELECT removed_by FROM classes WHERE removed_by IS NOT NULL)`,
    );
}
