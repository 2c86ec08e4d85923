import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { constants, type FileHandle, mkdir, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { UserError } from '../../contract/errors.ts';

/** SHA-1 and CRC-32 of a row. */
const keyBytes = 20;
const recordBytes = keyBytes + 4;

/** Names a row by what it was made from. */
export const rowKey = (...made: readonly unknown[]): string =>
  createHash('sha1').update(JSON.stringify(made)).digest('hex');

/**
 * Rows of half-precision numbers on disk, each found by its key. In the folder lie `rows.f16` (the rows, one after the other),
 * `rows.index` (of each row its key and checksum) and `about.json`. A row is entered in the index after it was written, so
 * that a process may end at any moment; a row that does not agree with its checksum does not count.
 *
 * Node has no memory-mapped files. Rows are read one by one at their place: they come from the system's page cache, 100 KB in
 * 10 µs, by Node's own threads, which go on while a session blocks ours.
 */
export class RowStore {
  readonly rowBytes: number;
  readonly #data: FileHandle;
  readonly #index: FileHandle;
  readonly #rows = new Map<string, number>();
  readonly #checksums: number[];
  /** Rows whose content nobody wants. */
  readonly #free: number[] = [];
  #count: number;

  private constructor(rowBytes: number, data: FileHandle, index: FileHandle, records: Buffer, count: number) {
    this.rowBytes = rowBytes;
    this.#data = data;
    this.#index = index;
    this.#count = count;
    this.#checksums = Array.from({ length: count }, (_, row) => records.readUInt32LE(row * recordBytes + keyBytes));
    for (let row = 0; row < count; row++) {
      const key = records.toString('hex', row * recordBytes, row * recordBytes + keyBytes);
      const before = this.#rows.get(key);
      if (before !== undefined) this.#free.push(before);
      this.#rows.set(key, row);
    }
  }

  /**
   * Opens the rows in a folder, or begins anew where there are none that can be used.
   *
   * @param about what all rows have in common: rows of anything else in this folder are dropped
   * @param rowLength numbers a row
   */
  static async open(folder: string, about: unknown, rowLength: number): Promise<RowStore> {
    await mkdir(folder, { recursive: true });
    const [aboutFile, dataFile, indexFile] = ['about.json', 'rows.f16', 'rows.index'].map((name) => join(folder, name));
    const text = JSON.stringify(about, undefined, 2);
    if ((await readFile(aboutFile, 'utf8').catch(() => '')) !== text) {
      for (const file of [dataFile, indexFile]) await rm(file, { force: true });
      await writeFile(`${aboutFile}.part`, text);
      await rename(`${aboutFile}.part`, aboutFile);
    }
    const now = new Date();
    await utimes(aboutFile, now, now);
    const flags = constants.O_RDWR | constants.O_CREAT;
    const data = await open(dataFile, flags);
    const index = await open(indexFile, flags);
    const rowBytes = rowLength * Uint16Array.BYTES_PER_ELEMENT;
    const records = await index.readFile();
    const written = (await data.stat()).size;
    const count = Math.min(Math.floor(records.length / recordBytes), Math.floor(written / rowBytes));
    return new RowStore(rowBytes, data, index, records, count);
  }

  /** How long the file is once so many rows more are in it, in bytes. */
  bytesWith(more: number): number {
    return (this.#count + Math.max(0, more - this.#free.length)) * this.rowBytes;
  }

  /** The number of the row with this key. */
  find(key: string): number | undefined {
    return this.#rows.get(key);
  }

  /** Compares a row with its checksum and forgets it where they differ. */
  async check(key: string): Promise<void> {
    const row = this.#rows.get(key);
    if (row === undefined) return;
    const bytes = new Uint8Array(this.rowBytes);
    const { bytesRead } = await this.#data.read(bytes, 0, this.rowBytes, row * this.rowBytes);
    if (bytesRead === this.rowBytes && crc32(bytes) === this.#checksums[row]) return;
    this.#rows.delete(key);
    this.#free.push(row);
  }

  /** Gives the places of all other rows to those to come. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      this.#rows.delete(key);
      this.#free.push(row);
    }
  }

  /** Stores a row, and returns once the system has it. */
  write(key: string, halves: Float16Array): void {
    const bytes = new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength);
    const row = this.#rows.get(key) ?? this.#free.pop() ?? this.#count++;
    const record = Buffer.alloc(recordBytes);
    record.write(key, 'hex');
    record.writeUInt32LE(crc32(bytes), keyBytes);
    writeAll(this.#data, bytes, row * this.rowBytes);
    writeAll(this.#index, record, row * recordBytes);
    this.#checksums[row] = record.readUInt32LE(keyBytes);
    this.#rows.set(key, row);
  }

  /**
   * Reads rows by their numbers into memory, one after the other.
   *
   * @throws UserError when the file was cut meanwhile
   */
  async read(rows: Int32Array, into: Uint8Array): Promise<void> {
    const { rowBytes } = this;
    const reading = Array.from(rows, (row, at) => this.#data.read(into, at * rowBytes, rowBytes, row * rowBytes));
    for (const { bytesRead } of await Promise.all(reading))
      if (bytesRead !== rowBytes)
        throw new UserError(
          'The stored activations were changed while they were in use. Start again: what is missing is computed anew.',
        );
  }

  async close(): Promise<void> {
    await this.#data.close();
    await this.#index.close();
  }
}

function writeAll({ fd }: FileHandle, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done);
}
