import { computeCodes } from '../codes/compute.ts';
import type { Classifier } from '../contract/classifiers.ts';
import type { FineTuning } from '../contract/fine-tuning.ts';
import type { DisplayLimits } from '../contract/images.ts';
import type { Control } from '../contract/progress.ts';
import type { RunConfig } from '../contract/runs.ts';
import { listViews } from '../items/views.ts';
import { networkFile } from '../networks/library.ts';
import { networkOf } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { FineTuneParams } from '../trainer/jobs/fine-tune.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import type { ViewFailure } from '../trainer/views.ts';
import type { Recipe } from './recipe.ts';

/** What is trained on: the items' pixels and labels, and those without a label that are asked about at the end. */
export interface Material {
  readonly data: LabelledData;
  readonly others: readonly number[];
  readonly views: ReturnType<typeof listViews>;
}

/** @param displayLimits those that a run began with; the project's own when absent */
export function gatherMaterial(
  project: Project,
  data: LabelledData,
  others: readonly number[],
  displayLimits?: DisplayLimits | null,
): Material {
  const wanted = new Set([...data.ids, ...others]);
  return { data, others, views: listViews(project, ({ id }) => wanted.has(id), displayLimits) };
}

/** The codes at the last freeze point that a fitted classifier starts from. Items without any cannot be read. */
export async function codesFor(
  studio: Studio,
  project: Project,
  { network, settings, size, device }: Recipe & { readonly settings: FineTuning },
  control: Control,
): Promise<{ codesSet: number | undefined; failures: readonly ViewFailure[] }> {
  if (settings.headStart !== 'fitted') return { codesSet: undefined, failures: [] };
  const points = [network.info.freezePoints.at(-1)!];
  const request = { network, points, pooling: 'avg', device, ...(size === undefined ? {} : { size }) } as const;
  const { sets, failures } = await computeCodes(studio, project, request, control);
  return { codesSet: sets[0].id, failures };
}

/** From where a training starts. */
export interface FineTuneStart {
  /** Of codes at the last freeze point, for a classifier that starts fitted. */
  readonly codesSet?: number | undefined;
  /** From the checkpoint in the folder. */
  readonly resume?: boolean;
}

/** What the trainer is told for a training under a configuration. */
export function fineTuneParams(
  project: Project,
  { network, preprocessing, fineTuning, device, seed }: RunConfig,
  { data, others, views }: Material,
  start: FineTuneStart & { readonly folder: string; readonly description: Classifier },
): FineTuneParams {
  const { codesSet, resume = false, folder, description } = start;
  return {
    network: networkFile(networkOf(project, network.hash)),
    networkHash: network.hash,
    preprocessing,
    settings: fineTuning!,
    device,
    seed,
    data,
    others,
    images: views.images,
    viewKeys: views.keys,
    codes: codesSet === undefined ? null : { file: project.codesFile, setId: codesSet },
    folder,
    cacheFolder: project.cacheFolder,
    description,
    resume,
  };
}
