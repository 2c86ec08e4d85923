import type { TurningResult } from '../contract/advice.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { ProbeSettings } from '../contract/probes.ts';
import type { Control } from '../contract/progress.ts';
import { divide } from '../evaluation/cross-validate.ts';
import { asDataSet } from '../evaluation/data-set.ts';
import { plannedSplit, type SplitReport } from '../evaluation/project-split.ts';
import { listViews } from '../items/views.ts';
import { networkFile, type StoredNetwork } from '../networks/library.ts';
import { itemsToProbe } from '../probing/chosen-items.ts';
import { preprocessingFor } from '../probing/store.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { keepMeasurement, keptMeasurement, type MeasuredWith } from './store.ts';

/** Items enough to see a difference of a few hundredths; each is shown four times. */
const turnedItems = 300;

/** Where codes know most of how an item lies: the last freeze point. */
const pointOf = ({ info }: StoredNetwork): string => info.freezePoints.at(-1)!.name;

function madeWith(network: StoredNetwork, { size, pooling, folds, seed }: ProbeSettings): MeasuredWith {
  return {
    network: network.info.hash,
    settings: {
      preprocessing: preprocessingFor(network, { size }),
      pooling,
      folds,
      seed,
      items: turnedItems,
      point: pointOf(network),
    },
  };
}

type Division = Pick<SplitReport, 'parts' | 'config'>;

const chosenItems = (project: Project, split: Division, { seed }: ProbeSettings) =>
  itemsToProbe(project, split, { items: turnedItems, seed });

/** What is known of turned items; null before it was measured. */
export function turningReport(
  project: Project,
  network: StoredNetwork,
  settings: ProbeSettings,
  split: Division,
): (TurningResult & { readonly point: string; readonly stale: boolean }) | null {
  const kept = keptMeasurement(project, 'turning', madeWith(network, settings));
  if (!kept || kept.result.items === 0) return null;
  const stale = kept.madeFrom !== chosenItems(project, split, settings).madeFrom;
  return { ...kept.result, point: pointOf(network), stale };
}

/** Measures it where it is not known, or stale. None of the test part is looked at. */
export async function measureTurned(
  studio: Studio,
  project: Project,
  { network, settings, device }: { network: StoredNetwork; settings: ProbeSettings; device: DeviceChoice },
  control: Control,
): Promise<void> {
  const made = madeWith(network, settings);
  const split = plannedSplit(project);
  const { items, by, madeFrom } = chosenItems(project, split, settings);
  if (keptMeasurement(project, 'turning', made)?.madeFrom === madeFrom) return;
  const data = asDataSet(project, { parts: split.parts, config: { ...split.config, by } }, items);
  const { folds } = divide(data, settings.folds, settings.seed);
  const wanted = new Set(data.ids);
  const result = await studio.trainer.run(
    'turning',
    {
      network: networkFile(network),
      preprocessing: preprocessingFor(network, settings),
      point: pointOf(network),
      pooling: settings.pooling,
      device,
      images: listViews(project, ({ id }) => wanted.has(id)).images,
      data,
      folds,
      seed: settings.seed,
    },
    control,
  );
  keepMeasurement(project, 'turning', made, { madeFrom, result });
}
