import { mkdir, writeFile } from 'node:fs/promises';
import { computeCodes } from '../codes/compute.ts';
import type { FreezePointInfo, Pooling } from '../contract/networks.ts';
import type { Control } from '../contract/progress.ts';
import type { LinearMethod } from '../contract/runs.ts';
import { gatherDataSet } from '../evaluation/data-set.ts';
import { currentSplit } from '../evaluation/project-split.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { carryOut, configOf, type Recipe, type TrainReport, unlabelledItems } from './recipe.ts';
import { headFile, runFolder } from './run-files.ts';
import { finishRun, startRun } from './runs.ts';

export interface LinearRequest extends Recipe {
  readonly point: FreezePointInfo;
  readonly method: LinearMethod;
  readonly pooling: Pooling;
}

/**
 * Trains a linear classifier on the codes at a freeze point: computes the codes that are missing, chooses the
 * regularisation on the validation part, refits on training and validation, and measures on the test part, which nothing
 * before has seen.
 */
export async function trainLinear(
  studio: Studio,
  project: Project,
  request: LinearRequest,
  control: Control = {},
): Promise<TrainReport> {
  const { network, point, method, pooling, seed, device: wanted, size } = request;
  const split = currentSplit(project);
  const { sets, failures, device } = await computeCodes(
    studio,
    project,
    { network, points: [point], pooling, device: wanted, ...(size === undefined ? {} : { size }) },
    control,
  );
  const setId = sets[0].id;
  const data = gatherDataSet(project, split, setId);
  const runId = startRun(
    project,
    configOf(project, request, split, data, { method, point: point.name, pooling }),
    data,
  );
  const run = await carryOut(project, runId, async () => {
    const others = unlabelledItems(project, setId);
    const trained = await studio.trainer.run(
      'train-linear',
      { codesFile: project.codesFile, setId, data, method, seed, others },
      control,
    );
    await mkdir(runFolder(project, runId), { recursive: true });
    await writeFile(headFile(project, runId), trained.head, { flush: true });
    finishRun(project, runId, data.ids, others, trained);
  });
  return { run, warnings: split.warnings, failures, ...(device === undefined ? {} : { device }) };
}
