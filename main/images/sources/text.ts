import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { UserError, messageOf } from '../../contract/errors.ts';

/** The encoding that a byte order mark tells; UTF-8 without one. */
function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

const notText = (path: string, encoding: string, line: number): UserError =>
  new UserError(
    `${path}: line ${line} is not valid ${encoding.toUpperCase()}. Save the file as UTF-8 ` +
      '(in a spreadsheet: "CSV UTF-8") and try again.',
  );

const countLines = (text: string): number => text.split('\n').length - 1;

/** Line, from 1, of the first character that does not decode. */
function faultyLine(bytes: Uint8Array, encoding: string): number {
  const lenient = new TextDecoder(encoding).decode(bytes);
  return 1 + countLines(lenient.slice(0, lenient.indexOf('\uFFFD')));
}

/**
 * The text of a file, piece by piece: UTF-8, or UTF-16 with a byte order mark. The mark is left out.
 *
 * @throws UserError when the file cannot be read, or is in another encoding
 */
export async function* streamText(path: string): AsyncGenerator<string> {
  let encoding = 'utf-8';
  let decoder: TextDecoder | undefined;
  let lines = 0;
  const decode = (chunk: Uint8Array, last: boolean): string => {
    decoder ??= new TextDecoder((encoding = encodingOf(chunk)), { fatal: true });
    try {
      return decoder.decode(chunk, { stream: !last });
    } catch {
      throw notText(path, encoding, lines + faultyLine(chunk, encoding));
    }
  };
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      const text = decode(chunk, false);
      lines += countLines(text);
      yield text;
    }
    yield decode(new Uint8Array(), true);
  } catch (error) {
    if (error instanceof UserError || !isSystemError(error)) throw error;
    throw new UserError(`${path}: the file cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error;

/**
 * A whole text file: UTF-8, UTF-16 with a byte order mark, or the encoding that an XML declaration names.
 *
 * @param limit in bytes; a larger file is refused before it is read
 * @throws UserError
 */
export async function readText(path: string, limit: number): Promise<string> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > limit)
      throw new UserError(
        `${path}: the file has ${size} bytes; at most ${limit} are read. Split it into smaller files.`,
      );
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: the file cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  const declaration = /^<\?xml[^>]*\bencoding=["']([\w.:-]+)["']/.exec(
    new TextDecoder('latin1').decode(bytes.subarray(0, 200)),
  );
  const encoding = declaration?.[1] ?? encodingOf(bytes);
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch {
    throw new UserError(`${path}: the encoding ${encoding} is not known. Save the file as UTF-8.`);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw notText(path, encoding, faultyLine(bytes, encoding));
  }
}
