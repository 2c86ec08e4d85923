import { createHash } from 'node:crypto';
import type { ProbeSettings } from '../contract/probes.ts';
import { plannedSplit, type SplitReport } from '../evaluation/project-split.ts';
import { type Grouping, type LabelledItem, listLabelled, togetherKey } from '../items/labelled.ts';
import { viewKeys } from '../items/views.ts';
import type { Project } from '../projects/project.ts';
import { sampleItems } from './sample.ts';

/** What a measurement is made from. */
export interface Chosen<Item> {
  readonly items: readonly Item[];
  /** Names the items, their pixels, and where they count their labels and groups: another when any of these changes. */
  readonly madeFrom: string;
}

export interface ItemsToProbe extends Chosen<LabelledItem> {
  /** What is never divided between folds. */
  readonly by: Grouping;
  readonly warnings: readonly string[];
}

/**
 * The labelled items to probe with, about `limit` of them. Those of the test part are left out: a freeze point is chosen by
 * what comes of it, and a choice must not see the test. Where the others are all of one group, images are what is not
 * divided, and a warning says so.
 */
export function itemsToProbe(
  project: Project,
  { parts, config }: Pick<SplitReport, 'parts' | 'config'>,
  { items: limit, seed }: { readonly items: number; readonly seed: number },
): ItemsToProbe {
  const usable = listLabelled(project).filter(({ id }) => parts.get(id) !== 'test');
  const onlyOne = config.by === 'group' && new Set(usable.map((item) => togetherKey(item, 'group'))).size === 1;
  const by = onlyOne ? 'image' : config.by;
  const strata = usable.map((item) => ({ id: item.id, stratum: item.classId, group: togetherKey(item, by) }));
  const chosen = new Set(sampleItems(strata, limit, seed));
  const items = usable.filter(({ id }) => chosen.has(id));
  const facts = items.map((item) => [item.classId, togetherKey(item, by)]);
  return { items, by, madeFrom: nameOf(project, [...chosen], facts), warnings: onlyOne ? [oneGroup] : [] };
}

/**
 * The names of what probes and domain shift would be made from now, whichever the network: made when first asked for, since all
 * items go into them.
 */
export class MadeFromNow {
  readonly #project: Project;
  readonly #settings: ProbeSettings;
  readonly #split: Pick<SplitReport, 'parts' | 'config'> | undefined;
  #probes: string | undefined;
  #shift: string | undefined;

  /** @param split the planned one; read when absent */
  constructor(project: Project, settings: ProbeSettings, split?: Pick<SplitReport, 'parts' | 'config'>) {
    this.#project = project;
    this.#settings = settings;
    this.#split = split;
  }

  get probes(): string {
    return (this.#probes ??= itemsToProbe(
      this.#project,
      this.#split ?? plannedSplit(this.#project),
      this.#settings,
    ).madeFrom);
  }

  get shift(): string {
    return (this.#shift ??= itemsToCompare(this.#project, this.#settings.seed).madeFrom);
  }
}

const oneGroup =
  'All labelled items outside the test are of one group, which the folds had to divide: for another group expect less.';

/** Items that tell a project's images from others are few: figures of 128 and of 256 differ in the second digit. */
export const shiftItems = 128;

/** Items to measure the domain shift with, labelled or not, spread over the images. */
export function itemsToCompare(project: Project, seed: number): Chosen<number> {
  const all = project.database
    .prepare<[], { id: number; imageId: number }>('SELECT id, image_id AS imageId FROM items')
    .all()
    .map(({ id, imageId }) => ({ id, stratum: 0, group: String(imageId) }));
  const items = sampleItems(all, shiftItems, seed);
  return { items, madeFrom: nameOf(project, items, []) };
}

/** Names what a measurement is made from: the pixels of some items, and whatever facts of theirs count. */
export function nameOf(project: Project, ids: readonly number[], facts: readonly unknown[]): string {
  const pixels = [...viewKeys(project, ids)].sort(([a], [b]) => a - b);
  return createHash('sha256')
    .update(JSON.stringify([pixels, facts]))
    .digest('hex');
}
