import { codedItems, asDataSet } from '../evaluation/data-set.ts';
import { computeCodes } from '../codes/compute.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { ProbeReport, ProbeSettings } from '../contract/probes.ts';
import type { Control } from '../contract/progress.ts';
import { divide } from '../evaluation/cross-validate.ts';
import { currentSplit } from '../evaluation/project-split.ts';
import { listViews } from '../items/views.ts';
import { networkFile, type StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { ViewFailure } from '../trainer/views.ts';
import { itemsToCompare, itemsToProbe } from './chosen-items.ts';
import { probeReport } from './report.ts';
import { keepProbe, keepShift, keptProbes, keptShift, preprocessingFor } from './store.ts';

export interface ProbeRequest {
  readonly network: StoredNetwork;
  readonly settings: ProbeSettings;
  readonly device: DeviceChoice;
  /** Told whenever a result was kept. */
  readonly onResult?: () => void;
}

export interface Probed {
  readonly report: ProbeReport;
  readonly warnings: readonly string[];
  /** Items that could not be read. */
  readonly failures: readonly ViewFailure[];
  /** Where the codes were computed and why there; absent when they were all there. */
  readonly device?: string;
}

/**
 * Measures what is missing or stale: the domain shift of every layer, and a linear classifier at every freeze point. Every
 * result is kept as it comes: a job that is cancelled or dies keeps what it made.
 *
 * @throws UserError when there are fewer than two classes, or fewer than two groups that can be held out
 */
export async function probeNetwork(
  studio: Studio,
  project: Project,
  request: ProbeRequest,
  control: Control = {},
): Promise<Probed> {
  const { network, settings } = request;
  const split = currentSplit(project);
  const chosen = itemsToProbe(project, split, settings);
  const known = keptProbes(project, network, settings);
  const points = network.info.freezePoints.filter(({ name }) => known.get(name)?.madeFrom !== chosen.madeFrom);
  const inFolds = (items: typeof chosen.items) => {
    const data = asDataSet(project, { parts: split.parts, config: { ...split.config, by: chosen.by } }, items);
    const { folds, warnings } = divide(data, settings.folds, settings.seed);
    return { data, folds, warnings: [...chosen.warnings, ...warnings] };
  };
  // Asked first: what cannot be divided is refused before anything is computed.
  const planned = inFolds(chosen.items);
  const unread = await compare(studio, project, request, control);
  if (points.length === 0)
    return { report: probeReport(project, network, settings), warnings: planned.warnings, failures: unread };

  const ids = new Set(chosen.items.map(({ id }) => id));
  const { sets, failures, device } = await computeCodes(
    studio,
    project,
    {
      network,
      points,
      pooling: settings.pooling,
      size: preprocessingFor(network, settings).size,
      device: request.device,
      items: ids,
    },
    control,
  );
  const coded = sets.map(({ id }) => codedItems(project, id));
  const items = chosen.items.filter(({ id }) => coded.every((set) => set.has(id)));
  const { data, folds, warnings } = inFolds(items);
  await studio.trainer.run(
    'probe',
    {
      codesFile: project.codesFile,
      points: sets.map(({ id, point }) => ({ name: point, setId: id })),
      data,
      folds,
      seed: settings.seed,
      hintsAt: network.info.freezePoints.at(-1)!.name,
    },
    {
      ...control,
      onOutput: ({ point, probe }) => {
        keepProbe(project, network, settings, point, { madeFrom: chosen.madeFrom, result: probe });
        request.onResult?.();
      },
    },
  );
  return {
    report: probeReport(project, network, settings),
    warnings,
    failures: [...failures, ...unread.filter(({ id }) => !ids.has(id))],
    ...(device === undefined ? {} : { device }),
  };
}

/** Measures the domain shift, where it is not known yet. */
async function compare(
  studio: Studio,
  project: Project,
  { network, settings, device, onResult }: ProbeRequest,
  control: Control,
): Promise<readonly ViewFailure[]> {
  const { items, madeFrom } = itemsToCompare(project, settings.seed);
  if (keptShift(project, network, settings)?.madeFrom === madeFrom) return [];
  const wanted = new Set(items);
  const { images, keys } = listViews(project, ({ id }) => wanted.has(id));
  const { failures, ...result } = await studio.trainer.run(
    'shift',
    {
      network: networkFile(network),
      preprocessing: preprocessingFor(network, settings),
      device,
      images,
      total: keys.size,
    },
    control,
  );
  keepShift(project, network, settings, { madeFrom, result });
  onResult?.();
  return failures;
}
