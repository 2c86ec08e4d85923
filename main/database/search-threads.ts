import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../threads/thread.ts';
import { indexParts, type NearCode } from './neighbour-index.ts';

export interface SearchRequest {
  readonly codesFile: string;
  readonly setId: number;
  readonly parts: readonly number[];
  readonly vector: Uint8Array;
  readonly k: number;
}

const threadCount = Math.min(indexParts, availableParallelism());
const threads = new Map<number, Thread<SearchRequest, NearCode[]>>();

/**
 * The nearest codes of a set by its index, nearest first; exact. The search reads every vector, so that it is shared
 * between the computer's cores, and the core's own thread hears other requests meanwhile.
 *
 * @param vector of length one
 */
export async function searchIndex(
  codesFile: string,
  setId: number,
  vector: Uint8Array,
  k: number,
): Promise<NearCode[]> {
  const allParts = Array.from({ length: indexParts }, (_, part) => part);
  const found = await Promise.all(
    Array.from({ length: threadCount }, (_, place) => {
      const parts = allParts.filter((part) => part % threadCount === place);
      return threadAt(place).ask({ codesFile, setId, parts, vector, k });
    }),
  );
  return found
    .flat()
    .sort((a, b) => a.distance - b.distance)
    .slice(0, k);
}

/** Made when first needed, and kept. */
function threadAt(place: number): Thread<SearchRequest, NearCode[]> {
  const known = threads.get(place);
  if (known) return known;
  const started: Thread<SearchRequest, NearCode[]> = startThread(new URL('./search-worker.ts', import.meta.url), () =>
    threads.delete(place),
  );
  threads.set(place, started);
  return started;
}
