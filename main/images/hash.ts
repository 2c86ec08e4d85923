import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { withFile } from './files.ts';

/**
 * SHA-256 of a file's content, in hexadecimal: what makes the same image found twice one image.
 *
 * @throws UserError when the file cannot be read
 */
export function hashFile(path: string): Promise<string> {
  return withFile(path, async (file) => {
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false }), hash);
    return hash.digest('hex');
  });
}
