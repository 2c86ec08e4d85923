import type { Database } from './open.ts';

/**
 * The index of a set of codes: unit vectors, whose Euclidean order is the order of the cosine. It lies in parts of equal size,
 * so that several threads can search it at once.
 */
export const indexParts = 8;

/** A code near to what was asked for, by its number. */
export interface NearCode {
  readonly codeId: number;
  /** Euclidean, between unit vectors. */
  readonly distance: number;
}

export const indexOf = (setId: number): string => `nearest_${setId}`;

/** @param database the project's, with the codes attached as `codes` */
export function hasIndex(database: Database, setId: number): boolean {
  return database.prepare('SELECT 1 FROM codes.sqlite_master WHERE name = ?').get(indexOf(setId)) !== undefined;
}

/** Makes the index of a set, empty, unless it is there. */
export function createIndex(database: Database, setId: number, dimensions: number): void {
  database.exec(
    `CREATE VIRTUAL TABLE IF NOT EXISTS codes.${indexOf(setId)}
       USING vec0(part INTEGER PARTITION KEY, embedding FLOAT[${dimensions}], chunk_size=128)`,
  );
}

/** @returns what puts a code's vector, of length one, into the index */
export function prepareIndexing(database: Database, setId: number): (codeId: number, vector: Buffer) => void {
  const insert = database.prepare(`INSERT INTO codes.${indexOf(setId)} (rowid, part, embedding) VALUES (?, ?, ?)`);
  return (codeId, vector) => void insert.run(BigInt(codeId), BigInt(codeId % indexParts), vector);
}

/** Takes a code out of its set's index; to be done before the code itself goes. */
export function dropFromIndex(database: Database, setId: number, codeId: number): void {
  database.prepare(`DELETE FROM codes.${indexOf(setId)} WHERE rowid = ?`).run(BigInt(codeId));
}

/**
 * The nearest codes of each of some parts of an index. Exact.
 *
 * @param database of the codes, opened by itself
 * @param vector of length one
 * @param k codes of each part
 */
export function searchParts(
  database: Database,
  setId: number,
  parts: readonly number[],
  vector: Uint8Array,
  k: number,
): NearCode[] {
  const search = database.prepare<[Uint8Array, number, bigint], NearCode>(
    `SELECT rowid AS codeId, distance FROM ${indexOf(setId)} WHERE embedding MATCH ? AND k = ? AND part = ?`,
  );
  return parts.flatMap((part) => search.all(vector, k, BigInt(part)));
}
