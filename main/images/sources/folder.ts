import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, sep } from 'node:path';
import { UserError, messageOf } from '../../contract/errors.ts';
import type { ImportRecord } from '../../contract/images.ts';
import { foreignExtensions, imageExtensions } from '../formats.ts';
import { partNamed } from './parts.ts';
import { byName } from './paths.ts';
import type { Entry } from './types.ts';

/**
 * Every image below a folder, sorted by name, folder by folder. Images are found by their extension; hidden files, Parfocal projects
 * and all other files are passed over, but image files of kinds that are not read are refused by name. Links are followed, never
 * in a circle.
 *
 * With `labels: 'folders'` the folder that an image lies in is its class. Where the topmost folder is called train, val or test (or
 * a usual variant) it is the part of the split and not a class; images directly in it, or in the root, have no class.
 *
 * @throws UserError when the folder itself cannot be read
 */
export async function* readFolder(root: string, labels?: 'folders'): AsyncGenerator<Entry> {
  yield* walk(root, root, new Set(), labels);
}

async function* walk(
  root: string,
  folder: string,
  above: ReadonlySet<string>,
  labels?: 'folders',
): AsyncGenerator<Entry> {
  const real = await realpath(folder);
  if (above.has(real)) return;
  const within = new Set(above).add(real);
  let names: string[];
  try {
    names = (await readdir(folder)).sort(byName);
  } catch (error) {
    const reason = `The folder cannot be read: ${messageOf(error)}.`;
    if (folder === root) throw new UserError(`${folder}: ${reason}`, { cause: error });
    yield { source: place(root, folder), reason };
    return;
  }
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const extension = extname(name).toLowerCase();
    const foreign = foreignExtensions.get(extension);
    // A link that leads nowhere is reported only where it is called an image.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) {
      if (extension !== '.parfocal') yield* walk(root, path, within, labels);
    } else if (imageExtensions.has(extension)) {
      yield { image: path, source: place(root, path), ...(labels ? fromFolders(root, path) : {}) };
    } else if (foreign) {
      yield { source: place(root, path), reason: `This is ${foreign}, which is not read. Save it as TIFF or PNG.` };
    }
  }
}

const place = (root: string, path: string): string => relative(root, path).split(sep).join('/');

function fromFolders(root: string, path: string): Pick<ImportRecord, 'label' | 'part'> {
  const folders = place(root, dirname(path)).split('/').filter(Boolean);
  const part = folders.length > 0 ? partNamed(folders[0]) : undefined;
  const label = folders.slice(part ? 1 : 0).at(-1);
  return { ...(label ? { label } : {}), ...(part ? { part } : {}) };
}
