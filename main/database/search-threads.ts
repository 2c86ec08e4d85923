import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../threads/thread.ts';
import { indexParts } from './code-index.ts';

export type SearchRequest = {
  readonly codesFile: string;
  readonly setId: number;
  /** The bytes of a code: of length one for an index. */
  readonly vector: Uint8Array;
} & (
  | { readonly kind: 'index'; readonly parts: readonly number[]; readonly k: number }
  /** Items from the first to the last. */
  | { readonly kind: 'all'; readonly from: number; readonly to: number }
);

/** Items with their distances, in no order. */
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
const threadCount = Math.min(mostThreads, availableParallelism());
const threads = new Map<number, Thread<SearchRequest, Found>>();

/**
 * The items of a set that are nearest to a code, by the set's index, nearest first, items of one distance by number. Exact
 * up to single precision. As every code is compared, the computer's cores share them; the core's own thread is free meanwhile.
 *
 * @param codesFile where the codes and their index lie
 * @param vector the bytes of the code, of length one
 */
export async function searchIndex(
  codesFile: string,
  setId: number,
  vector: Uint8Array,
  k: number,
): Promise<Neighbour[]> {
  const parts = Array.from({ length: indexParts }, (_, part) => part);
  const found = await askAll((share) => ({
    kind: 'index',
    codesFile,
    setId,
    vector,
    k,
    parts: parts.filter((part) => part % threadCount === share),
  }));
  return found
    .flatMap(({ itemIds, distances }) => Array.from(itemIds, (itemId, at) => ({ itemId, distance: distances[at] })))
    .sort((a, b) => a.distance - b.distance || a.itemId - b.itemId)
    .slice(0, k);
}

/**
 * How far each item of a set is from a code. Without an index: the codes are compared where they lie.
 *
 * @param range the lowest and the highest number of an item in the set
 */
export async function compareAll(
  codesFile: string,
  setId: number,
  vector: Uint8Array,
  range: readonly [number, number],
): Promise<ReadonlyMap<number, number>> {
  const [first, last] = range;
  const startOf = (share: number): number => first + Math.ceil(((last - first + 1) * share) / threadCount);
  const found = await askAll((share) => ({
    kind: 'all',
    codesFile,
    setId,
    vector,
    from: startOf(share),
    to: startOf(share + 1) - 1,
  }));
  const all = new Map<number, number>();
  for (const { itemIds, distances } of found)
    for (let at = 0; at < itemIds.length; at++) all.set(itemIds[at], distances[at]);
  return all;
}

function askAll(requestOf: (share: number) => SearchRequest): Promise<Found[]> {
  return Promise.all(Array.from({ length: threadCount }, (_, share) => threadAt(share).ask(requestOf(share))));
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
