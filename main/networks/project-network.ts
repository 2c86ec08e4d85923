import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { FreezePointInfo } from '../contract/networks.ts';
import { getSetting, setSetting } from '../projects/settings.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { networksAtHand, starterNetwork } from './box.ts';
import { addNetwork, copyNetwork, findNetwork, listNetworks, readStored, type StoredNetwork } from './library.ts';

/**
 * The network that a project is to use, with its files in the project's own folder, so that the project can be moved
 * and its runs repeated. It becomes the project's network.
 *
 * @param named a network's name, or the path of one, which is added to the library; absent: the
 *   `plannedNetwork`
 */
export async function useNetwork(studio: Studio, project: Project, named?: string): Promise<StoredNetwork> {
  const network = await choose(studio, project, named);
  const own = await copyNetwork(network, project.networksFolder);
  setSetting(project, 'network', own.info.hash);
  return own;
}

async function choose(studio: Studio, project: Project, named: string | undefined): Promise<StoredNetwork> {
  if (named !== undefined) {
    const looksLikePath = /[\\/]|\.(onnx|json|prototxt|caffemodel)$/.test(named) && existsSync(named);
    return looksLikePath
      ? addNetwork(studio.libraryFolder, studio.trainer, named)
      : findNetwork(networksAtHand(studio), named);
  }
  return plannedNetwork(studio, project);
}

/**
 * The network that a project would use now: its own, else the only one in the library, else the starter.
 *
 * @throws UserError when there is none, or when there are several to choose from
 */
export function plannedNetwork(studio: Studio, project: Project): StoredNetwork {
  const hash = getSetting(project, 'network');
  if (hash) return networkOf(project, hash);
  const networks = listNetworks(studio.libraryFolder);
  const only = networks.at(0) ?? starterNetwork(studio);
  if (!only)
    throw new UserError('There is no network yet. Add one first.', {
      onCommandLine: 'Do so with: parfocal network add PATH',
    });
  if (networks.length > 1) {
    const names = networks.map(({ info }) => info.name).join(', ');
    throw new UserError(`Several networks are at hand: ${names}. Choose one.`, {
      onCommandLine: 'Do so with --network.',
    });
  }
  return only;
}

/** @throws UserError unless one point, and only one, was named */
export function selectPoint(network: StoredNetwork, given: string): FreezePointInfo {
  if (given === 'all') throw new UserError('Name one freeze point, not all.');
  return selectPoints(network, given)[0];
}

/** The freeze point at which a project takes codes: the chosen one, else the last. */
export function codesPoint(project: Project, network: StoredNetwork): FreezePointInfo {
  return selectPoint(network, getSetting(project, 'point') ?? 'last');
}

/** What is frozen, by what a person writes: nothing (`none`: null), all but the classifier (`all`), or up to a freeze point. */
export function freezeNamed(network: StoredNetwork, given: string): string | null {
  if (given === 'none') return null;
  return selectPoint(network, given === 'all' ? 'last' : given).name;
}

/** A network that the project used before, from the project's own folder. */
export function networkOf(project: Project, hash: string): StoredNetwork {
  return readStored(join(project.networksFolder, hash));
}

/**
 * A network by its hash: the project's own copy, else one made from the library or from the box.
 *
 * @throws UserError when it is in none of them
 */
export function networkAtHand(studio: Studio, project: Project, hash: string): Promise<StoredNetwork> {
  return copyNetwork(networkToLookAt(studio, project, hash), project.networksFolder);
}

/**
 * A network by its hash, wherever it lies: for what only looks at it.
 *
 * @throws UserError when it is nowhere
 */
export function networkToLookAt(studio: Studio, project: Project, hash: string): StoredNetwork {
  const own = join(project.networksFolder, hash);
  return existsSync(own) ? readStored(own) : findNetwork(networksAtHand(studio), hash);
}

/**
 * Freeze points by what a person writes: a name, a number, `last`, or `all`.
 *
 * @throws UserError listing the points there are
 */
export function selectPoints({ info }: StoredNetwork, given: string): FreezePointInfo[] {
  const { freezePoints } = info;
  if (given === 'all') return freezePoints;
  if (given === 'last') return [freezePoints.at(-1)!];
  const found = freezePoints.find((point) => point.name === given || String(point.index) === given);
  if (found) return [found];
  const names = freezePoints.map((point) => `${point.index} ${point.name}`).join(', ');
  throw new UserError(`${info.name} has no freeze point ${given}. It has: ${names}; or say last, or all.`);
}
