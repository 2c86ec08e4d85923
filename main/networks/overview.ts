import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listRecent } from '../projects/recent.ts';
import type { Studio } from '../studio-parts.ts';
import { diskUse } from './files.ts';
import { listNetworks } from './library.ts';

/** A network of the library with what it takes on the disk, in bytes, and the projects that have it as well. */
export interface LibraryEntry {
  readonly hash: string;
  readonly name: string;
  readonly added: string;
  readonly bytes: number;
  /** What would be free if it were removed. */
  readonly freed: number;
  /** Of those that were opened lately. */
  readonly projects: string[];
}

/** The library as one looks at it to make room. */
export async function describeLibrary({ dataFolder, libraryFolder }: Studio): Promise<LibraryEntry[]> {
  const recent = (await listRecent(dataFolder)).filter(({ missing }) => !missing);
  return Promise.all(
    listNetworks(libraryFolder).map(async ({ info: { hash, name, added }, folder }) => {
      const { bytes, own } = await diskUse(folder);
      const projects = recent.filter((project) => existsSync(join(project.folder, 'networks', hash)));
      return { hash, name, added, bytes, freed: own, projects: projects.map((project) => project.name) };
    }),
  );
}
