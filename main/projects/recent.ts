import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isProject, type Project } from './project.ts';

const entrySchema = z.object({ name: z.string(), folder: z.string(), opened: z.string() });
type Entry = z.infer<typeof entrySchema>;

export interface RecentProject extends Entry {
  /** Its folder is not where it was. */
  readonly missing: boolean;
}

/** Projects that are remembered. */
const most = 20;

const fileIn = (dataFolder: string): string => join(dataFolder, 'recent-projects.json');

/** Projects that this person opened, the last first. */
export async function listRecent(dataFolder: string): Promise<RecentProject[]> {
  return (await read(dataFolder)).map((entry) => ({ ...entry, missing: !isProject(entry.folder) }));
}

export async function rememberProject(dataFolder: string, { name, folder }: Project): Promise<void> {
  const others = (await read(dataFolder)).filter((entry) => entry.folder !== folder);
  await write(dataFolder, [{ name, folder, opened: new Date().toISOString() }, ...others].slice(0, most));
}

/** Takes a project off the list; the project itself stays. */
export async function forgetProject(dataFolder: string, folder: string): Promise<void> {
  await write(
    dataFolder,
    (await read(dataFolder)).filter((entry) => entry.folder !== folder),
  );
}

/** A list that cannot be read is an empty one: it is a convenience, and keeps nobody from their projects. */
async function read(dataFolder: string): Promise<Entry[]> {
  const file = fileIn(dataFolder);
  if (!existsSync(file)) return [];
  try {
    return z.array(entrySchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return [];
  }
}

async function write(dataFolder: string, entries: readonly Entry[]): Promise<void> {
  await mkdir(dataFolder, { recursive: true });
  const partial = `${fileIn(dataFolder)}.${randomUUID()}.part`;
  try {
    await writeFile(partial, JSON.stringify(entries, undefined, 2));
    await rename(partial, fileIn(dataFolder));
  } finally {
    await rm(partial, { force: true });
  }
}
