/** A thread that compares codes, each time by a connection of its own: what it reads, the core may be writing. */
import * as sqliteVec from 'sqlite-vec';
import { answerRequests } from '../threads/answer.ts';
import { openForReading } from './open.ts';
import type { Found, SearchRequest } from './search-threads.ts';

/** SQLite opens the extension by itself and knows nothing of a desktop package's archive: it lies beside that. */
const extension = sqliteVec.getLoadablePath().replace(/\.asar(?=[\\/])/, '.asar.unpacked');

answerRequests(
  ({ codesFile, setId, vector, from, to, most }: SearchRequest): Found => {
    const database = openForReading(codesFile);
    try {
      database.loadExtension(extension);
      const rows = database
        .prepare<[Uint8Array, number, number, number, number], [itemId: number, distance: number]>(
          // A code of zeros has no direction, and no distance: it is as far as one that has nothing in common.
          `SELECT item_id, COALESCE(vec_distance_cosine(vector, ?), 1) AS distance FROM codes
            WHERE set_id = ? AND item_id BETWEEN ? AND ? ORDER BY distance, item_id LIMIT ?`,
        )
        .raw()
        .all(vector, setId, from, to, most ?? -1);
      return {
        itemIds: Float64Array.from(rows, ([itemId]) => itemId),
        distances: Float64Array.from(rows, ([, distance]) => distance),
      };
    } finally {
      database.close();
    }
  },
  ({ itemIds, distances }) => [itemIds.buffer, distances.buffer],
);
