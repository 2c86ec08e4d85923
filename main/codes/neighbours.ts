import { setImmediate } from 'node:timers/promises';
import { CancelledError, UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import { dimensionsOf, vectorBytes, vectorOf } from '../database/codes.ts';
import { createIndex, indexOf, prepareIndexing } from '../database/code-index.ts';
import { compareAll, type Neighbour, searchIndex } from '../database/search-threads.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';

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
      `SELECT item_id FROM codes.codes
        WHERE set_id = ? AND item_id NOT IN (SELECT rowid FROM codes.${indexOf(setId)}_rowids)`,
    )
    .pluck();
  const read = prepareReading(project, setId);
  const insert = prepareIndexing(database, setId);
  const add = database.transaction((itemIds: readonly number[]) => {
    for (const itemId of itemIds) {
      const vector = read(itemId);
      if (vector) insert(itemId, unit(vector));
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
 * The items whose codes point in the most similar direction, nearest first, the item itself left out. Exact, up to single
 * precision.
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
  const own = prepareReading(project, setId)(itemId);
  if (!own) throw new UserError(`Item ${itemId} has no codes: its image could not be read.`);
  await updateIndex(project, setId, control);
  const found = await searchIndex(project.codesFile, setId, unit(own), k + 1);
  return found.filter((neighbour) => neighbour.itemId !== itemId).slice(0, k);
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

/**
 * How far every item of a set is from one of them. Unlike the nearest few, all of them need no index.
 *
 * @returns undefined when the item itself has no code
 */
export async function distancesInSet(
  project: Project,
  setId: number,
  itemId: number,
): Promise<ReadonlyMap<number, number> | undefined> {
  const own = prepareReading(project, setId)(itemId);
  if (!own) return undefined;
  const range = project.database
    .prepare<[number], [number, number]>('SELECT MIN(item_id), MAX(item_id) FROM codes.codes WHERE set_id = ?')
    .raw()
    .get(setId)!;
  return compareAll(project.codesFile, setId, own, range);
}

/** @returns what gives the bytes of an item's code */
function prepareReading(project: Project, setId: number): (itemId: number) => Buffer | undefined {
  const read = project.database
    .prepare<[number, number], Buffer>('SELECT vector FROM codes.codes WHERE set_id = ? AND item_id = ?')
    .pluck();
  return (itemId) => read.get(setId, itemId);
}

/** The bytes of a code, made those of a vector of length one. */
function unit(code: Buffer): Buffer {
  const vector = vectorOf(code);
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square);
  return vectorBytes(length > 0 ? vector.map((value) => value / length) : vector);
}
