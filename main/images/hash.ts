import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { UserError, messageOf } from '../contract/errors.ts';

/**
 * SHA-256 of a file's content, in hexadecimal: what makes the same image found twice one image.
 *
 * @throws UserError when the file cannot be read
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new UserError(`${path}: the file cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  return hash.digest('hex');
}
