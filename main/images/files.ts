import { open, stat, type FileHandle } from 'node:fs/promises';
import { UserError, messageOf } from '../contract/errors.ts';

/**
 * Opens a file for reading and closes it after use.
 *
 * @throws UserError naming the file when it is missing, no plain file (a pipe would be waited for without end) or cannot be read;
 *   what `use` throws by itself passes unless it is an error of the system
 */
export async function withFile<T>(path: string, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new UserError(`${path}: this is not a file.`);
    file = await open(path, 'r');
    return await use(file, found.size);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const reason = error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read: ${messageOf(error)}`;
    throw new UserError(`${path}: ${reason}.`, { cause: error });
  } finally {
    await file?.close();
  }
}

/**
 * All of a file of at most `most` bytes; the first `headLength` bytes of a larger one.
 *
 * @throws UserError as `withFile`
 */
export function readSmall(path: string, most: number, headLength: number): Promise<{ bytes: Buffer; whole: boolean }> {
  return withFile(path, async (file, size) => {
    const whole = size <= most;
    const bytes = await firstBytes(file, whole ? size : headLength);
    return { bytes, whole: whole && bytes.length === size };
  });
}

/** The first bytes of a file, fewer where it is shorter. @throws UserError as `withFile` */
export function readHead(path: string, length: number): Promise<Uint8Array> {
  return withFile(path, (file) => firstBytes(file, length));
}

async function firstBytes(file: FileHandle, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, 0);
  return buffer.subarray(0, bytesRead);
}
