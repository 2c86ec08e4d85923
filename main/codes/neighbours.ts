import { UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import { type Neighbour, searchCodes } from '../database/search-threads.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';

/**
 * The items whose codes point in the most similar direction, nearest first, the item itself left out. Exact, up to single
 * precision.
 *
 * @throws UserError when the item has no code in the set
 */
export async function nearestItems(project: Project, setId: number, itemId: number, k: number): Promise<Neighbour[]> {
  const found = await searchCodes(project.database, project.codesFile, setId, itemId, k + 1);
  if (!found) throw new UserError(`Item ${itemId} has no codes: its image could not be read.`);
  return found.filter((neighbour) => neighbour.itemId !== itemId).slice(0, k);
}

/** The same for many items at once: one matrix product in the trainer, which pays from a few dozen items on. */
export async function nearestOfMany(
  studio: Studio,
  project: Project,
  setId: number,
  itemIds: readonly number[],
  k: number,
  control: Control = {},
): Promise<ReadonlyMap<number, readonly Neighbour[]>> {
  const { neighbours } = await studio.trainer.run(
    'neighbours',
    { codesFile: project.codesFile, setId, itemIds, k },
    control,
  );
  return new Map(neighbours.map(({ itemId, nearest }) => [itemId, nearest]));
}
