import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../threads/thread.ts';
import type { Database } from './open.ts';

export interface SearchRequest {
  readonly codesFile: string;
  readonly setId: number;
  /** The bytes of a code. */
  readonly vector: Uint8Array;
  /** The first and the last item to compare with. */
  readonly from: number;
  readonly to: number;
  /** Items wanted, the nearest; all when absent. */
  readonly most?: number | undefined;
}

/** Items with their distances, nearest first. */
export interface Found {
  readonly itemIds: Float64Array<ArrayBuffer>;
  readonly distances: Float64Array<ArrayBuffer>;
}

export interface Neighbour {
  readonly itemId: number;
  /** 1 − the cosine of the angle between the codes: 0 for the same direction, 1 for nothing in common. */
  readonly distance: number;
}

/** More wait for the memory, not for a core. */
const mostThreads = 8;
const threads = new Map<number, Thread<SearchRequest, Found>>();

/**
 * How far the items of a set are from one of them by their codes, nearest first, items of one distance by number; the item
 * itself is among them. All codes are compared, in single precision, by sqlite-vec: the computer's cores share them, and the
 * core's own thread hears other requests meanwhile. Unlike an index this takes no room and is never out of date.
 *
 * @param database the project's, with the codes attached as `codes`
 * @param codesFile where they lie
 * @param most items wanted; all when absent
 * @returns undefined when the item has no code in the set
 */
export async function searchCodes(
  database: Database,
  codesFile: string,
  setId: number,
  itemId: number,
  most?: number,
): Promise<Neighbour[] | undefined> {
  const vector = database
    .prepare<[number, number], Buffer>('SELECT vector FROM codes.codes WHERE set_id = ? AND item_id = ?')
    .pluck()
    .get(setId, itemId);
  if (!vector) return undefined;
  const [first, last] = database
    .prepare<[number], [number, number]>('SELECT MIN(item_id), MAX(item_id) FROM codes.codes WHERE set_id = ?')
    .raw()
    .get(setId)!;
  const shares = Math.min(mostThreads, availableParallelism());
  const startOf = (share: number): number => first + Math.ceil(((last - first + 1) * share) / shares);
  const found = await Promise.all(
    Array.from({ length: shares }, (_, share) =>
      threadAt(share).ask({ codesFile, setId, vector, from: startOf(share), to: startOf(share + 1) - 1, most }),
    ),
  );
  return found
    .flatMap(({ itemIds, distances }) =>
      Array.from(itemIds, (id, at) => ({ itemId: id, distance: Math.max(0, distances[at]) })),
    )
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most);
}

/** Made when first needed, and kept. */
function threadAt(place: number): Thread<SearchRequest, Found> {
  const known = threads.get(place);
  if (known) return known;
  const started: Thread<SearchRequest, Found> = startThread(new URL('./search-worker.ts', import.meta.url), () =>
    threads.delete(place),
  );
  threads.set(place, started);
  return started;
}
