/** A thread that compares codes, each time by a connection of its own: what it reads, the core may be writing. */
import { answerRequests } from '../threads/answer.ts';
import { indexOf } from './code-index.ts';
import { type Database, loadVectorSearch, openForReading } from './open.ts';
import type { Found, SearchRequest } from './search-threads.ts';

type Row = [itemId: number, distance: number];

/** The nearest of each of some parts of an index. */
function searchParts(database: Database, { setId, vector, k, parts }: SearchRequest & { kind: 'index' }): Row[] {
  const search = database
    .prepare<[Uint8Array, number, bigint], Row>(
      // Half the square of the distance between unit vectors is 1 − their cosine.
      `SELECT rowid, distance * distance / 2 FROM ${indexOf(setId)} WHERE embedding MATCH ? AND k = ? AND part = ?`,
    )
    .raw();
  return parts.flatMap((part) => search.all(vector, k, BigInt(part)));
}

/** All of a range of items. */
function compareAll(database: Database, { setId, vector, from, to }: SearchRequest & { kind: 'all' }): Iterable<Row> {
  return (
    database
      // A code of zeros has no direction: it is as far as one that has nothing in common.
      .prepare<[Uint8Array, number, number, number], Row>(
        `SELECT item_id, COALESCE(vec_distance_cosine(vector, ?), 1) FROM codes
          WHERE set_id = ? AND item_id BETWEEN ? AND ?`,
      )
      .raw()
      .iterate(vector, setId, from, to)
  );
}

answerRequests(
  (request: SearchRequest): Found => {
    const database = openForReading(request.codesFile);
    try {
      loadVectorSearch(database);
      const itemIds: number[] = [];
      const distances: number[] = [];
      const rows = request.kind === 'index' ? searchParts(database, request) : compareAll(database, request);
      for (const [itemId, distance] of rows) {
        itemIds.push(itemId);
        // Rounding may take a distance a little below zero.
        distances.push(Math.max(0, distance));
      }
      return { itemIds: Float64Array.from(itemIds), distances: Float64Array.from(distances) };
    } finally {
      database.close();
    }
  },
  ({ itemIds, distances }) => [itemIds.buffer, distances.buffer],
);
