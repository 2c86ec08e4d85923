import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError, messageOf } from '../contract/errors.ts';

export type CsvValue = string | number | null | undefined;

/**
 * A row of a CSV file by RFC 4180, without its line end: values that hold a comma, a quote or a line break, or begin or end with a
 * space, are quoted. Nothing is put before values that a spreadsheet could take for a formula: what is written is read back
 * exactly, by this program and by others.
 */
export function csvLine(values: readonly CsvValue[]): string {
  return values.map(quoted).join(',');
}

function quoted(value: CsvValue): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type CsvRows = Iterable<readonly CsvValue[]> | AsyncIterable<readonly CsvValue[]>;

/** The lines of a CSV file, each with its line feed. */
export async function* csvLines(header: readonly string[], rows: CsvRows): AsyncGenerator<string> {
  yield `${csvLine(header)}\n`;
  for await (const row of rows) yield `${csvLine(row)}\n`;
}

/**
 * Writes a CSV file: UTF-8 without a byte order mark, lines ended by a line feed. It appears whole or not at all: a file of that
 * name is replaced at the end.
 *
 * @throws UserError when it cannot be written, a full disk for one
 */
export async function writeCsv(path: string, header: readonly string[], rows: CsvRows): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(csvLines(header, rows)), createWriteStream(unfinished));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new UserError(`${path}: the file cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}
