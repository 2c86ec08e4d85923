import { UserError } from '../contract/errors.ts';
import type { Pooling } from '../contract/networks.ts';
import { codesPoint, networkOf } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import { findSet } from './compute.ts';
import { distancesInSet } from './neighbours.ts';

/** The pooling of the codes that items are compared by. */
export const similarityPooling: Pooling = 'avg';

/**
 * How far every item is from one by their codes at the project's freeze point: 1 − the cosine between them. Items without
 * codes are left out.
 *
 * @throws UserError when there are no codes to compare
 */
export async function distancesTo(project: Project, itemId: number): Promise<ReadonlyMap<number, number>> {
  const setId = similaritySetOf(project);
  const distances = setId === undefined ? undefined : await distancesInSet(project, setId, itemId);
  if (!distances)
    throw new UserError(
      'This item has no codes yet to compare others with. Prepare the search for similar items first.',
    );
  return distances;
}

/** The codes that items are compared by; undefined where there are none yet. */
export function similaritySetOf(project: Project): number | undefined {
  const hash = getSetting(project, 'network');
  if (hash === null) return undefined;
  const network = networkOf(project, hash);
  return findSet(project, hash, codesPoint(project, network), similarityPooling, network.info.preprocessing);
}
