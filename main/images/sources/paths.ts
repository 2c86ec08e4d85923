import { stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { UserError, messageOf } from '../../contract/errors.ts';

/**
 * The file that an annotation names: relative to the given folder, or absolute. Nothing is opened.
 *
 * @throws UserError with the bare reason when it is no path of a file: an address on the network, or empty
 */
export function resolveImage(folder: string, name: string): string {
  if (name.trim() === '') throw new UserError('No image is named.');
  if (/^([a-z][a-z0-9+.-]+:\/\/|data:)/i.test(name))
    throw new UserError(
      `The image ${name.slice(0, 80)} is an address, not a file. Nothing is fetched from a network: save the images to a folder first.`,
    );
  if (name.includes('\0')) throw new UserError('The name of the image holds a zero byte.');
  // Annotations made on Windows are read elsewhere.
  return resolve(folder, sep === '/' ? name.replaceAll('\\', '/') : name);
}

/** What lies at a path. @throws UserError when there is nothing, or it is neither a file nor a folder */
export async function kindOf(path: string): Promise<'file' | 'folder'> {
  let found;
  try {
    found = await stat(path);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(
      `${path}: ${missing ? 'there is no such file or folder' : `cannot be opened: ${messageOf(error)}`}.`,
      { cause: error },
    );
  }
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  throw new UserError(`${path}: this is neither a file nor a folder.`);
}

/** Sorts names the same on every machine, whatever its language: by code units. */
export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
