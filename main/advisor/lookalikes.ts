import type { Lookalikes } from '../contract/advice.ts';
import { computeCodes } from '../codes/compute.ts';
import { nearestOfMany } from '../codes/neighbours.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { ProbeSettings } from '../contract/probes.ts';
import type { Control } from '../contract/progress.ts';
import { type PlannedSplit, plannedSplit } from '../evaluation/project-split.ts';
import { type LabelledItem, togetherKey } from '../items/labelled.ts';
import { listViews } from '../items/views.ts';
import type { StoredNetwork } from '../networks/library.ts';
import { nameOf } from '../probing/chosen-items.ts';
import { sampleItems } from '../probing/sample.ts';
import { preprocessingFor } from '../probing/store.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { median } from './count-items.ts';
import { keepMeasurement, keptMeasurement, type MeasuredWith } from './store.ts';

/** So many test items at most are compared with the others. */
const testItems = 500;
/** Neighbours that are looked at: the last of them says how near different items of this data set come. */
const neighbours = 8;
/** Share of the usual distance of codes up to which items are compared pixel by pixel. */
const nearBelow = 0.5;
/**
 * Correlation of pixels from which two items are taken for the same. Of white cells that were made brighter, cropped by three
 * pixels, shrunk, or saved as JPEG again, all copies had more; of 500 photographs and 1,600 blood cells no two had.
 */
const sameFrom = 0.96;

interface Compared {
  readonly test: readonly LabelledItem[];
  readonly others: readonly LabelledItem[];
  readonly madeFrom: string;
}

function madeWith(network: StoredNetwork, { size, items, seed }: ProbeSettings): MeasuredWith {
  return {
    network: network.info.hash,
    settings: { preprocessing: preprocessingFor(network, { size }), items, testItems, seed },
  };
}

function itemsToCompare(
  project: Project,
  { items: all, parts, config }: PlannedSplit,
  { items: limit, seed }: ProbeSettings,
): Compared {
  const sample = (items: readonly LabelledItem[], most: number): LabelledItem[] => {
    const strata = items.map((item) => ({ id: item.id, stratum: item.classId, group: togetherKey(item, config.by) }));
    const chosen = new Set(sampleItems(strata, most, seed));
    return items.filter(({ id }) => chosen.has(id));
  };
  const test = sample(
    all.filter(({ id }) => parts.get(id) === 'test'),
    testItems,
  );
  const others = sample(
    all.filter(({ id }) => parts.get(id) !== 'test'),
    limit,
  );
  const compared = [...test, ...others];
  const facts = compared.map((item) => [item.id, togetherKey(item, 'group')]);
  const ids = compared.map(({ id }) => id);
  return { test, others, madeFrom: nameOf(project, ids, [facts, test.length]) };
}

/** What was found; undefined before it was looked for. */
export function lookalikesReport(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
  split: PlannedSplit,
): (Lookalikes & { readonly stale: boolean }) | undefined {
  const kept = keptMeasurement(project, 'lookalikes', madeWith(network, settings));
  if (!kept) return undefined;
  const stale = kept.madeFrom !== itemsToCompare(project, split, settings).madeFrom;
  return { ...kept.result, stale };
}

/** Looks for test items that show the same as an item that is learnt from: near by their codes, and alike pixel by pixel. */
export async function findLookalikes(
  studio: Studio,
  project: Project,
  { network, settings, device }: { network: StoredNetwork; settings: ProbeSettings; device: DeviceChoice },
  control: Control,
): Promise<void> {
  const made = madeWith(network, settings);
  const { test, others, madeFrom } = itemsToCompare(project, plannedSplit(project), settings);
  if (keptMeasurement(project, 'lookalikes', made)?.madeFrom === madeFrom) return;
  const keep = (pairs: Lookalikes['pairs']): void => {
    const result = { test: test.length, others: others.length, pairs };
    keepMeasurement(project, 'lookalikes', made, { madeFrom, result });
  };
  if (test.length === 0 || others.length === 0) {
    keep([]);
    return;
  }
  const point = network.info.freezePoints.at(-1)!;
  const { size } = preprocessingFor(network, settings);
  const { sets } = await computeCodes(
    studio,
    project,
    {
      network,
      points: [point],
      pooling: settings.pooling,
      size,
      device,
      items: new Set([...test, ...others].map(({ id }) => id)),
    },
    control,
  );
  const testIds = test.map(({ id }) => id);
  const nearest = await nearestOfMany(studio, project, sets[0].id, testIds, neighbours, control);
  const usual = median([...nearest.values()].flatMap((own) => own.slice(-1).map(({ distance }) => distance)));
  const known = new Map(others.map((item) => [item.id, togetherKey(item, 'group')]));
  const keys = new Map(test.map((item) => [item.id, togetherKey(item, 'group')]));
  const near = [...nearest].flatMap(([id, own]) => {
    const found = own.find(({ itemId, distance }) => {
      const key = known.get(itemId);
      // What is of one group is known to belong together.
      return distance < nearBelow * usual && key !== undefined && key !== keys.get(id);
    });
    return found ? [[id, found.itemId] as const] : [];
  });
  const wanted = new Set(near.flat());
  const { images } = listViews(project, ({ id }) => wanted.has(id));
  const likeness = await studio.trainer.run('likeness', { images, pairs: near }, control);
  const pairs = near.map(([one, other], at) => ({ test: one, other, likeness: likeness[at] }));
  keep(pairs.filter((pair) => pair.likeness >= sameFrom).toSorted((a, b) => b.likeness - a.likeness));
}
