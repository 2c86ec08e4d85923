import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a network's files take on the disk, in bytes. */
export interface DiskUse {
  readonly bytes: number;
  /** What would be free if this folder went: files that are linked from a project stay. */
  readonly own: number;
}

export async function diskUse(folder: string): Promise<DiskUse> {
  const files = await Promise.all((await filesIn(folder)).map((file) => stat(join(folder, file))));
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  return {
    bytes: sum(files.map(({ size }) => size)),
    own: sum(files.filter(({ nlink }) => nlink === 1).map(({ size }) => size)),
  };
}

/**
 * Puts a folder's files into another one as well. They are linked where the file system can, and take no room then: a
 * network's files are never written to once they are there. Elsewhere they are copied.
 *
 * @param target an empty folder
 * @param except names in the folder to leave out
 */
export async function shareFiles(folder: string, target: string, except: readonly string[] = []): Promise<void> {
  for (const file of await filesIn(folder)) {
    if (except.includes(file)) continue;
    await mkdir(dirname(join(target, file)), { recursive: true });
    await shareFile(join(folder, file), join(target, file));
  }
}

async function shareFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // Another disk, or a file system without links.
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Paths below the folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
