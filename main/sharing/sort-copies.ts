import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { cutOut } from '../images/cut-out.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import type { Prediction } from './predict.ts';
import { decide } from './predict.ts';

/**
 * Copies predicted images into a folder for each class. A region is cut out of its image, as PNG. Nothing that is there is
 * overwritten: of two files of one name the second gets a number.
 *
 * @returns how many files were written
 */
export async function sortCopies(
  classes: readonly string[],
  predictions: readonly Prediction[],
  folder: string,
): Promise<number> {
  const folders = classNames(classes).map((name) => join(resolve(folder), name));
  for (const one of folders) await mkdir(one, { recursive: true });
  let copied = 0;
  let decoded: { name: string; pixels: Pixels } | undefined;
  for (const { record, probabilities } of predictions) {
    const target = folders[decide(probabilities).best];
    const ending = extname(record.image);
    const name = basename(record.image, ending);
    if (record.box) {
      const { box, image, page = 0 } = record;
      // Regions of one image follow each other: it is decoded once for them.
      const source = `${page} ${image}`;
      if (decoded?.name !== source) decoded = { name: source, pixels: await readPixels(image, { page }) };
      const { pixels } = decoded;
      await writeNew(target, `${name}-x${Math.round(box.x)}-y${Math.round(box.y)}`, '.png', (path) =>
        cutOut(pixels, box, path),
      );
    } else await writeNew(target, name, ending, (path) => copyFile(record.image, path, constants.COPYFILE_EXCL));
    copied++;
  }
  return copied;
}

async function writeNew(
  folder: string,
  name: string,
  ending: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  for (let number = 1; ; number++) {
    try {
      await write(join(folder, `${name}${number > 1 ? `-${number}` : ''}${ending}`));
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}

/** Folder names for classes: none that a file system takes for something else, no two the same. */
function classNames(classes: readonly string[]): string[] {
  const taken = new Set<string>();
  return classes.map((name, index) => {
    const safe = name
      .replaceAll(/[<>:"/\\|?*\p{Cc}]/gu, '_')
      .replace(/[. ]+$/, '')
      .slice(0, 100);
    const reserved = /^(con|prn|aux|nul|com\d|lpt\d)?$/i.test(safe) || taken.has(safe.toLowerCase());
    const own = reserved ? `${safe || 'class'} ${index + 1}` : safe;
    taken.add(own.toLowerCase());
    return own;
  });
}
