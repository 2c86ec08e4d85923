import { randomUUID } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { Project } from '../projects/project.ts';

/**
 * One source to import from that stands for several images, wherever they lie: a list of them in the project's cache.
 *
 * @throws UserError when one of them is a folder
 */
export async function joinFiles(project: Project, files: readonly string[]): Promise<string> {
  for (const file of files)
    if ((await stat(file)).isDirectory())
      throw new UserError(`${file} is a folder. Add one folder at a time, or files without folders.`);
  const folder = join(project.cacheFolder, 'dropped');
  await mkdir(folder, { recursive: true });
  const list = join(folder, `${randomUUID()}.txt`);
  await writeFile(list, `${files.join('\n')}\n`);
  return list;
}
