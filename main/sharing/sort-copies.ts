import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { CancelledError, explain, UserError } from '../contract/errors.ts';
import type { ImportRecord } from '../contract/images.ts';
import type { Control } from '../contract/progress.ts';
import { cutOut } from '../images/cut-out.ts';
import { type Pixels, readPixels } from '../images/pixels.ts';
import type { Prediction } from './predict.ts';
import { decide } from './predict.ts';

/**
 * Copies predicted images into a folder for each class. A region is cut out of its image, as PNG. Nothing that is there is
 * overwritten: of two files of one name the second gets a number. What was copied before a cancellation stays.
 *
 * @throws UserError when some could not be copied; the others are
 */
export async function sortCopies(
  classes: readonly string[],
  predictions: readonly Prediction[],
  folder: string,
  { signal, onProgress }: Control = {},
): Promise<void> {
  const folders = classNames(classes).map((name) => join(resolve(folder), name));
  for (const one of folders) await mkdir(one, { recursive: true });
  const copy = createCopier();
  const failures: string[] = [];
  for (const [done, { record, probabilities }] of predictions.entries()) {
    if (signal?.aborted) throw new CancelledError('Copying');
    onProgress?.({ step: 'Copying images', done, total: predictions.length });
    try {
      await copy(record, folders[decide(probabilities).best]);
    } catch (error) {
      const reason = explain(error);
      if (reason === undefined) throw error;
      failures.push(reason);
    }
  }
  if (failures.length)
    throw new UserError(
      `${failures.length} of ${predictions.length} images could not be copied, the others are in ${folder}. The first: ${failures[0]}`,
    );
}

/** Regions of one image follow each other: it is decoded once for them. */
function createCopier(): (record: ImportRecord, target: string) => Promise<void> {
  let decoded: { name: string; pixels: Pixels } | undefined;
  return async ({ image, page = 0, box }, target) => {
    const ending = extname(image);
    const name = basename(image, ending);
    if (!box) {
      await writeNew(target, name, ending, (path) => copyFile(image, path, constants.COPYFILE_EXCL));
      return;
    }
    const source = `${page} ${image}`;
    if (decoded?.name !== source) decoded = { name: source, pixels: await readPixels(image, { page }) };
    const { pixels } = decoded;
    await writeNew(target, `${name}-x${Math.round(box.x)}-y${Math.round(box.y)}`, '.png', (path) =>
      cutOut(pixels, box, path),
    );
  };
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
