import { setImmediate } from 'node:timers/promises';
import { dimensionsOf, vectorBytes, vectorOf } from '../database/codes.ts';
import { CancelledError, UserError } from '../contract/errors.ts';
import { createIndex, indexOf, prepareIndexing } from '../database/neighbour-index.ts';
import { searchIndex } from '../database/search-threads.ts';
import type { Control } from '../contract/progress.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';

export interface Neighbour {
  readonly itemId: number;
  /** 1 − the cosine of the angle between the codes: 0 for the same direction, 1 for nothing in common. */
  readonly distance: number;
}

/** Sets whose index is known to hold every code. Only this process writes them, so that it need not be counted each time. */
const complete = new WeakMap<Project, Set<number>>();

/** To be said when a set got new codes: the next question adds them to its index. */
export function indexLacksCodes(project: Project, setId: number): void {
  complete.get(project)?.delete(setId);
}

/** Codes that are put into an index at a time, between which the core hears other requests. */
const portion = 200;

/**
 * Brings the index of a set up to date. Made on the first question: it doubles the room that the set takes, and a hundred
 * thousand codes take some seconds. When it is cancelled, the next question goes on where it stopped.
 */
async function updateIndex(project: Project, setId: number, control: Control): Promise<void> {
  if (complete.get(project)?.has(setId)) return;
  const { database } = project;
  createIndex(database, setId, dimensionsOf(database, setId));
  const findMissing = database
    .prepare<[number], number>(
      `SELECT id FROM codes.codes WHERE set_id = ? AND id NOT IN (SELECT rowid FROM codes.${indexOf(setId)}_rowids)`,
    )
    .pluck();
  const read = database.prepare<[number], Buffer>('SELECT vector FROM codes.codes WHERE id = ?').pluck();
  const insert = prepareIndexing(database, setId);
  const add = database.transaction((ids: readonly number[]) => {
    for (const id of ids) {
      const vector = read.get(id);
      if (vector) insert(id, vectorBytes(unit(vectorOf(vector))));
    }
  });
  // Asked again at the end, since codes may come and go between the portions.
  for (let missing = findMissing.all(setId); missing.length; missing = findMissing.all(setId)) {
    for (let start = 0; start < missing.length; start += portion) {
      if (control.signal?.aborted) throw new CancelledError();
      add(missing.slice(start, start + portion));
      control.onProgress?.({ step: 'Preparing the search', done: start, total: missing.length });
      await setImmediate();
    }
  }
  complete.set(project, (complete.get(project) ?? new Set()).add(setId));
}

/**
 * The items whose codes point in the most similar direction, nearest first, the item itself left out. Exact.
 *
 * @throws UserError when the item has no code in the set
 */
export async function nearestItems(
  project: Project,
  setId: number,
  itemId: number,
  k: number,
  control: Control = {},
): Promise<Neighbour[]> {
  const { database } = project;
  const own = database
    .prepare<[number, number], Buffer>('SELECT vector FROM codes.codes WHERE set_id = ? AND item_id = ?')
    .pluck()
    .get(setId, itemId);
  if (!own) throw new UserError(`Item ${itemId} has no codes: its image could not be read.`);
  await updateIndex(project, setId, control);
  const near = await searchIndex(project.codesFile, setId, vectorBytes(unit(vectorOf(own))), k + 1);
  const findItem = database.prepare<[number], number>('SELECT item_id FROM codes.codes WHERE id = ?').pluck();
  return near
    .flatMap(({ codeId, distance }) => {
      // A code may have gone since it was found.
      const found = findItem.get(codeId);
      return found === undefined ? [] : [{ itemId: found, distance: distance ** 2 / 2 }];
    })
    .filter((neighbour) => neighbour.itemId !== itemId)
    .slice(0, k);
}

/** The same for many items at once: one matrix product in the trainer, which pays from a few dozen items on. */
export async function nearestOfMany(
  studio: Studio,
  project: Project,
  setId: number,
  itemIds: readonly number[],
  k: number,
  control: Control = {},
): Promise<ReadonlyMap<number, readonly Neighbour[]>> {
  const { neighbours } = await studio.trainer.run(
    'neighbours',
    { codesFile: project.codesFile, setId, itemIds, k },
    control,
  );
  return new Map(neighbours.map(({ itemId, nearest }) => [itemId, nearest]));
}

function unit(vector: Float32Array): Float32Array {
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square);
  return length > 0 ? vector.map((value) => value / length) : vector;
}
