import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isProject, projectEnding } from './project.ts';

export interface FolderListing {
  readonly folder: string;
  /** null at the top. */
  readonly parent: string | null;
  readonly entries: { readonly name: string; readonly path: string; readonly kind: 'folder' | 'file' | 'project' }[];
}

/** What is in a folder, hidden entries left out: folders and projects first, each by name as people count (2 before 10). */
export async function listFolder(given: string | null): Promise<FolderListing> {
  const folder = resolve(given ?? homedir());
  const found = await readdir(folder, { withFileTypes: true });
  const entries = await Promise.all(
    found
      .filter(({ name }) => !name.startsWith('.'))
      .map(async (entry): Promise<FolderListing['entries'][number]> => {
        const path = join(folder, entry.name);
        const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(path)));
        if (!isFolder) return { name: entry.name, path, kind: 'file' };
        const kind = entry.name.endsWith(projectEnding) || isProject(path) ? 'project' : 'folder';
        return { name: entry.name, path, kind };
      }),
  );
  const { compare } = new Intl.Collator('en', { numeric: true });
  const isFile = (entry: { kind: string }): number => Number(entry.kind === 'file');
  entries.sort((a, b) => isFile(a) - isFile(b) || compare(a.name, b.name));
  const parent = dirname(folder);
  return { folder, parent: parent === folder ? null : parent, entries };
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
