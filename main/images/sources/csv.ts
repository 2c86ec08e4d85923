import { basename, dirname, extname } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { UserError } from '../../contract/errors.ts';
import type { Box, ImportRecord } from '../../contract/images.ts';
import { pointBox } from '../boxes.ts';
import { partNamed } from './parts.ts';
import { resolveImage } from './paths.ts';
import { streamText } from './text.ts';
import type { Entry, SourceOptions } from './types.ts';

/** The columns that are read and the names they may go by, whatever the case. The first name is the documented one. */
const columnNames = {
  image: ['image', 'file', 'filename', 'file_name', 'path'],
  label: ['label', 'class'],
  x: ['x'],
  y: ['y'],
  width: ['width'],
  height: ['height'],
  group: ['group'],
  split: ['split'],
  page: ['page'],
} as const;
type Column = keyof typeof columnNames;
type Columns = Readonly<Partial<Record<Column, number>>>;

/** A row may be no longer: a quote that is never closed would otherwise take the rest of the file into memory. */
const longestRow = 1_000_000;

/**
 * Reads a CSV file with the columns image, label, x, y, width, height, group, split and page, in any order and among others; only
 * `image` is needed. Boxes are in pixels, x and y at their top left corner; pages count from 0. The delimiter (comma, semicolon
 * or tab) is found from the first line; numbers may have a decimal comma where it does not separate. A `.txt` file whose first
 * line names no `image` column is a list of images, one a line.
 *
 * @throws UserError when the file as a whole cannot be read: encoding, quotes, missing columns. A faulty row is refused alone.
 */
export async function* readCsv(path: string, options: SourceOptions = {}): AsyncGenerator<Entry> {
  const pieces = streamText(path);
  try {
    const { first, text } = await peekLine(pieces);
    if (first === '') throw new UserError(`${path}: the file is empty.`);
    const delimiter = delimiterOf(first);
    const isList =
      extname(path).toLowerCase() === '.txt' &&
      columnsOf(first.replaceAll('"', '').split(delimiter)).image === undefined;
    yield* isList ? readList(path, text, options) : readTable(path, text, delimiter, options);
  } finally {
    await pieces.return(undefined);
  }
}

async function* readTable(
  path: string,
  text: AsyncGenerator<string>,
  delimiter: string,
  options: SourceOptions,
): AsyncGenerator<Entry> {
  const folder = options.images ?? dirname(path);
  const table = parse({
    delimiter,
    info: true,
    max_record_size: longestRow,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    trim: true,
  });
  // Errors reach the loop below: a failing source destroys the parser with its own error.
  pipeline(Readable.from(text), table, () => undefined);
  let header: readonly string[] | undefined;
  let columns: Columns = {};
  try {
    for await (const { record, info } of table as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (!header) {
        header = record;
        columns = columnsOf(header);
        checkColumns(path, header, columns, options);
        continue;
      }
      const source = `${basename(path)} line ${info.lines}`;
      try {
        if (record.length !== header.length)
          throw new UserError(
            `The row has ${record.length} fields, the first line ${header.length}. A field that holds ${name(delimiter)} needs quotes.`,
          );
        yield { ...readRow(record, columns, folder, delimiter !== ',', options.pointSize), source };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        yield { source, reason: error.message };
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? ` line ${error.lines}:` : '';
    throw new UserError(`${path}:${line} the quotes or rows of this CSV file are broken: ${error.message}.`, {
      cause: error,
    });
  }
}

const name = (delimiter: string): string => ({ ',': 'a comma', ';': 'a semicolon' })[delimiter] ?? 'a tab';

/** The first line that is not blank, and the whole text again. */
async function peekLine(pieces: AsyncGenerator<string>): Promise<{ first: string; text: AsyncGenerator<string> }> {
  let head = '';
  while (!/\S[^\r\n]*[\r\n]/.test(head) && head.length < longestRow) {
    const piece = await pieces.next();
    if (piece.done) break;
    head += piece.value;
  }
  async function* whole(): AsyncGenerator<string> {
    yield head;
    yield* pieces;
  }
  return { first: /\S[^\r\n]*/.exec(head)?.[0] ?? '', text: whole() };
}

function delimiterOf(first: string): string {
  const bare = first.replaceAll(/"[^"]*"/g, '');
  const count = (delimiter: string): number => bare.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, other) => (count(other) > count(best) ? other : best));
}

function columnsOf(header: readonly string[]): Columns {
  const names = header.map((text) => text.trim().toLowerCase());
  const columns: Partial<Record<Column, number>> = {};
  for (const [column, aliases] of Object.entries(columnNames)) {
    const index = aliases.map((alias) => names.indexOf(alias)).find((found) => found >= 0);
    if (index !== undefined) columns[column as Column] = index;
  }
  return columns;
}

function checkColumns(path: string, found: readonly string[], columns: Columns, options: SourceOptions): void {
  const missing = (what: string): UserError =>
    new UserError(`${path}: there is no column ${what}. The columns found are: ${found.join(', ')}.`);
  if (columns.image === undefined) throw missing(`"image" (or ${columnNames.image.slice(1).join(', ')})`);
  if (options.group === 'column' && columns.group === undefined) throw missing('"group", which was asked for');
  const position = (['x', 'y', 'width', 'height'] as const).filter((column) => columns[column] !== undefined);
  const point = position.join() === 'x,y';
  if (position.length > 0 && position.length < 4 && !point) throw missing('for all of x, y, width and height');
  if (point && options.pointSize === undefined)
    throw missing('"width" or "height"; points without a size need one to be given');
}

async function* readList(path: string, text: AsyncGenerator<string>, options: SourceOptions): AsyncGenerator<Entry> {
  const folder = options.images ?? dirname(path);
  let line = 0;
  let rest = '';
  const entry = (content: string): Entry | undefined => {
    line++;
    if (content.trim() === '') return undefined;
    const source = `${basename(path)} line ${line}`;
    try {
      return { image: resolveImage(folder, content.trim()), source };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { source, reason: error.message };
    }
  };
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const content of lines) {
      const found = entry(content);
      if (found) yield found;
    }
  }
  const last = entry(rest);
  if (last) yield last;
}

function readRow(
  row: readonly string[],
  columns: Columns,
  folder: string,
  decimalComma: boolean,
  pointSize: number | undefined,
): Omit<ImportRecord, 'source'> {
  const text = (column: Column): string => (columns[column] === undefined ? '' : row[columns[column]]);
  const box = readBox(text, decimalComma, pointSize);
  const part = partNamed(text('split'));
  if (text('split') !== '' && !part)
    throw new UserError(`The split "${text('split')}" is none of train, validation and test.`);
  const page = text('page');
  if (!/^\d{0,9}$/.test(page)) throw new UserError(`The page "${page}" is not a whole number; pages count from 0.`);
  return {
    image: resolveImage(folder, text('image')),
    ...(page === '' ? {} : { page: Number(page) }),
    ...(box ? { box } : {}),
    ...(text('label') === '' ? {} : { label: text('label') }),
    ...(text('group') === '' ? {} : { group: text('group') }),
    ...(part ? { part } : {}),
  };
}

function readBox(
  text: (column: Column) => string,
  decimalComma: boolean,
  pointSize: number | undefined,
): Box | undefined {
  const number = (column: Column): number => {
    const value = decimalComma ? text(column).replace(',', '.') : text(column);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))
      throw new UserError(
        value === '' ? `${column} is missing from the box.` : `${column} is "${text(column)}", which is not a number.`,
      );
    return Number(value);
  };
  const given = (['x', 'y', 'width', 'height'] as const).filter((column) => text(column) !== '');
  if (given.length === 0) return undefined;
  if (given.join() === 'x,y' && pointSize !== undefined) return pointBox(number('x'), number('y'), pointSize);
  return { x: number('x'), y: number('y'), width: number('width'), height: number('height') };
}
