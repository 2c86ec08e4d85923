import { setImmediate } from 'node:timers/promises';
import { UserError } from '../contract/errors.ts';
import type { Pooling } from '../contract/networks.ts';
import { vectorOf } from '../database/codes.ts';
import type { StoredNetwork } from '../networks/library.ts';
import { networkOf, selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { findSet } from './compute.ts';

/** The pooling of the codes that items are compared by. */
export const similarityPooling: Pooling = 'avg';

/** Codes read at a time: a few milliseconds' work, between which the core hears other requests. */
const portion = 250;

/**
 * How far every item is from one by their codes at the project's freeze point; see `distancesInSet`.
 *
 * @throws UserError when there are no codes to compare
 */
export async function distancesTo(project: Project, itemId: number): Promise<ReadonlyMap<number, number>> {
  const hash = getSetting(project, 'network');
  const setId = hash === null ? undefined : similaritySet(project, networkOf(project, hash));
  const distances = setId === undefined ? undefined : await distancesInSet(project, setId, itemId);
  if (!distances)
    throw new UserError(
      'This item has no codes yet to compare others with. Prepare the search for similar items first.',
    );
  return distances;
}

/**
 * How far every item is from one: 1 − the cosine between their codes. Exact. Items without codes are left out. All codes are read,
 * in portions between which the core hears other requests; unlike an index this takes no room and knows no limit.
 *
 * @returns undefined when the item itself has no code
 */
export async function distancesInSet(
  project: Project,
  setId: number,
  itemId: number,
): Promise<ReadonlyMap<number, number> | undefined> {
  const own = project.database
    .prepare<[number, number], Buffer>('SELECT vector FROM codes.codes WHERE set_id = ? AND item_id = ?')
    .pluck()
    .get(setId, itemId);
  if (!own) return undefined;
  const query = vectorOf(own);
  const length = Math.hypot(...query);
  const read = project.database.prepare<[number, number, number], { itemId: number; vector: Buffer }>(
    'SELECT item_id AS itemId, vector FROM codes.codes WHERE set_id = ? AND item_id > ? ORDER BY item_id LIMIT ?',
  );
  const distances = new Map<number, number>();
  for (let last = 0; ;) {
    const rows = read.all(setId, last, portion);
    for (const row of rows) {
      const other = vectorOf(row.vector);
      let product = 0;
      let square = 0;
      for (let at = 0; at < query.length; at++) {
        product += query[at] * other[at];
        square += other[at] * other[at];
      }
      distances.set(row.itemId, 1 - product / (length * Math.sqrt(square) || 1));
    }
    const end = rows.at(-1);
    if (!end) return distances;
    last = end.itemId;
    await setImmediate();
  }
}

function similaritySet(project: Project, network: StoredNetwork): number | undefined {
  const point = selectPoint(network, getSetting(project, 'point'));
  return findSet(project, network.info.hash, point, similarityPooling, network.info.preprocessing);
}
