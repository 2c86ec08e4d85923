import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createProject, type Project } from '../projects/project.ts';
import { setSetting } from '../projects/settings.ts';
import type { Studio } from '../studio-parts.ts';
import { copyNetwork, listNetworks, readStored, type StoredNetwork } from './library.ts';

/** The network that every new project begins with. */
const starterName = 'starter';

/** The networks that ship with the studio: a folder each, named as they are. */
export function boxedNetworks({ boxFolder }: Studio): StoredNetwork[] {
  if (!existsSync(boxFolder)) return [];
  return readdirSync(boxFolder).map((name) => readStored(join(boxFolder, name)));
}

/** Undefined where the studio was installed without it. */
export function starterNetwork(studio: Studio): StoredNetwork | undefined {
  return boxedNetworks(studio).find(({ info }) => info.name === starterName);
}

/** What every project can use: the networks of this person, and those in the box. */
export function networksAtHand(studio: Studio): StoredNetwork[] {
  const own = listNetworks(studio.libraryFolder);
  const known = new Set(own.map(({ info }) => info.hash));
  return [...own, ...boxedNetworks(studio).filter(({ info }) => !known.has(info.hash))];
}

/**
 * Makes a new project, with the starter as its network.
 *
 * @param folder with or without its ending
 * @throws UserError when something other than an empty folder is there
 */
export async function beginProject(studio: Studio, folder: string): Promise<Project> {
  const project = createProject(folder);
  try {
    const starter = starterNetwork(studio);
    if (starter) {
      await copyNetwork(starter, project.networksFolder);
      setSetting(project, 'network', starter.info.hash);
    }
    return project;
  } catch (error) {
    project.close();
    throw error;
  }
}
