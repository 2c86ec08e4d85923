import type { Database } from './open.ts';

/** Codes of some items: row i of `matrix` [n, dimensions] is the code of `ids[i]`. */
export interface CodeMatrix {
  readonly ids: readonly number[];
  readonly dimensions: number;
  readonly matrix: Float32Array;
}

/**
 * Reads the codes of a set, as far as they are there.
 *
 * @param wanted the items, in the order in which their rows shall stand; all of the set, by number, when absent
 */
export function readCodes(database: Database, setId: number, wanted?: readonly number[]): CodeMatrix {
  const dimensions = dimensionsOf(database, setId);
  const stored = database
    .prepare<[number], number>('SELECT item_id FROM codes WHERE set_id = ? ORDER BY item_id')
    .pluck()
    .all(setId);
  const there = new Set(stored);
  const ids = wanted ? wanted.filter((id) => there.has(id)) : stored;
  const rows = new Map(ids.map((id, row) => [id, row]));
  const matrix = new Float32Array(ids.length * dimensions);
  const bytes = new Uint8Array(matrix.buffer);
  const codes = database
    .prepare<[number], { id: number; vector: Buffer }>('SELECT item_id AS id, vector FROM codes WHERE set_id = ?')
    .iterate(setId);
  for (const { id, vector } of codes) {
    const row = rows.get(id);
    if (row !== undefined) bytes.set(vector, row * dimensions * Float32Array.BYTES_PER_ELEMENT);
  }
  return { ids, dimensions, matrix };
}

/**
 * Reads the codes of a few items, one by one: what `readCodes` does for most of a set.
 *
 * @throws Error when one is missing
 */
export function pickCodes(database: Database, setId: number, ids: readonly number[]): CodeMatrix {
  const dimensions = dimensionsOf(database, setId);
  const matrix = new Float32Array(ids.length * dimensions);
  const bytes = new Uint8Array(matrix.buffer);
  const read = database
    .prepare<[number, number], Buffer>('SELECT vector FROM codes WHERE set_id = ? AND item_id = ?')
    .pluck();
  for (const [row, id] of ids.entries()) {
    const vector = read.get(setId, id);
    if (!vector) throw new Error(`The code of item ${id} is missing.`);
    bytes.set(vector, row * dimensions * Float32Array.BYTES_PER_ELEMENT);
  }
  return { ids, dimensions, matrix };
}

/** Length of the codes of a set; 0 while it is empty. */
export function dimensionsOf(database: Database, setId: number): number {
  const bytes = database
    .prepare<[number], number>('SELECT LENGTH(vector) FROM codes WHERE set_id = ? LIMIT 1')
    .pluck()
    .get(setId);
  return (bytes ?? 0) / Float32Array.BYTES_PER_ELEMENT;
}

/** The bytes of a vector as they are stored. */
export function vectorBytes(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** A stored vector. Copied, since SQLite's buffers need not be aligned for floats. */
export function vectorOf(bytes: Uint8Array): Float32Array {
  const copy = new Uint8Array(bytes);
  return new Float32Array(copy.buffer, 0, copy.byteLength / Float32Array.BYTES_PER_ELEMENT);
}
