import { stat } from 'node:fs/promises';
import { UserError } from '../contract/errors.ts';
import { hashFile } from './hash.ts';

/** A file as it was when its image was imported. */
export interface FileState {
  readonly bytes: number;
  /** Milliseconds since 1970, whole. */
  readonly modified: number;
  /** SHA-256. */
  readonly contentHash: string;
}

/**
 * Size and time tell cheaply that a file is the same; where they differ, its content does.
 *
 * @throws UserError when the file holds something else by now
 */
export async function checkUnchanged(path: string, { bytes, modified, contentHash }: FileState): Promise<void> {
  const { size, mtimeMs } = await stat(path);
  if (size === bytes && Math.trunc(mtimeMs) === modified) return;
  if ((await hashFile(path)) !== contentHash)
    throw new UserError(`${path}: The file was changed since it was imported. Import it again, as a new image.`);
}
