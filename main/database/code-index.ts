import type { Database } from './open.ts';

/**
 * The index of a set of codes: by item, their unit vectors, whose Euclidean order is the order of the cosine. It is twice as
 * fast as comparing the codes where they lie, takes as much room as they do, and must be kept up. It lies in parts of about
 * equal size, which several threads search at once.
 */
export const indexParts = 8;

/** The table's name, in the database of the codes. */
export const indexOf = (setId: number): string => `index_${setId}`;

/** Makes the index of a set, empty, unless it is there. */
export function createIndex(database: Database, setId: number, dimensions: number): void {
  database.exec(
    `CREATE VIRTUAL TABLE IF NOT EXISTS codes.${indexOf(setId)}
       USING vec0(part INTEGER PARTITION KEY, embedding FLOAT[${dimensions}], chunk_size=128)`,
  );
}

/** @returns what puts an item into the index by the bytes of its unit vector */
export function prepareIndexing(database: Database, setId: number): (itemId: number, vector: Buffer) => void {
  const insert = database.prepare(`INSERT INTO codes.${indexOf(setId)} (rowid, part, embedding) VALUES (?, ?, ?)`);
  return (itemId, vector) => void insert.run(BigInt(itemId), BigInt(itemId % indexParts), vector);
}

/** Takes an item out of a set's index, if there is one: to be done whenever its code changes or goes. */
export function dropFromIndex(database: Database, setId: number, itemId: number): void {
  // Asked each time: the index may be made meanwhile.
  const made = database.prepare('SELECT 1 FROM codes.sqlite_master WHERE name = ?').get(indexOf(setId));
  if (made) database.prepare(`DELETE FROM codes.${indexOf(setId)} WHERE rowid = ?`).run(BigInt(itemId));
}
