import { mkdir, rm } from 'node:fs/promises';
import { UserError } from '../contract/errors.ts';
import type { EpochMetrics, FineTuning } from '../contract/fine-tuning.ts';
import type { Control } from '../contract/progress.ts';
import { gatherDataSet } from '../evaluation/data-set.ts';
import { currentSplit } from '../evaluation/project-split.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { FineTuneOutput } from '../trainer/jobs/fine-tune.ts';
import type { ViewFailure } from '../trainer/views.ts';
import { describeRun } from './describe-run.ts';
import { codesFor, fineTuneParams, type FineTuneStart, gatherMaterial, type Material } from './fine-tune-params.ts';
import { metricsWriter } from './metrics.ts';
import { carryOut, configOf, type Recipe, type TrainReport, unlabelledItems } from './recipe.ts';
import { runCheckpoint, runFolder } from './run-files.ts';
import { continueRun, findRun, finishRun, pausedRun, recordedData, type Run, startRun } from './runs.ts';

/** Once cancelled, training has this many milliseconds to write its last checkpoint: a step on a slow machine takes seconds. */
const putAwayTime = 10_000;

export interface FineTuneRequest extends Recipe {
  readonly settings: FineTuning;
}

export interface FineTuneControl extends Control {
  /** Ends the training well, with the best weights so far. */
  readonly finish?: AbortSignal | undefined;
  /** The run was recorded as one under way. */
  readonly onBegin?: () => void;
  /** New metrics were stored. */
  readonly onMetrics?: () => void;
  /** A checkpoint was written: from now on the run can be gone on with. */
  readonly onCheckpoint?: () => void;
  readonly onEpoch?: (metrics: EpochMetrics) => void;
  readonly onNote?: (text: string) => void;
}

/**
 * Trains a network on from a freeze point, with a new classifier. Measured on the test part, which nothing before has
 * seen. Cancelled, or dead, it can be gone on with from its last checkpoint: see `resumeRun`.
 */
export async function fineTune(
  studio: Studio,
  project: Project,
  request: FineTuneRequest,
  control: FineTuneControl = {},
): Promise<TrainReport> {
  const { network, settings } = request;
  const split = currentSplit(project);
  const { codesSet, failures } = await codesFor(studio, project, request, control);
  const data = gatherDataSet(project, split, codesSet);
  const material = gatherMaterial(project, data, unlabelledItems(project, codesSet));
  const point = network.info.freezePoints.at(-1)!.name;
  const config = configOf(project, request, split, data, {
    method: 'fine-tune',
    point,
    pooling: 'avg',
    fineTuning: settings,
  });
  const runId = startRun(project, config, data, material.views.keys);
  const report = await train(studio, project, findRun(project, runId), material, { codesSet }, control);
  return { ...report, warnings: split.warnings, failures: [...failures, ...report.failures] };
}

/**
 * Goes on with a paused run: on the items, labels and split that it began with, whatever was labelled since.
 *
 * @throws UserError when it cannot be gone on with, or when some of its items are gone or look otherwise by now
 */
export async function resumeRun(
  studio: Studio,
  project: Project,
  id: number,
  control: FineTuneControl = {},
): Promise<TrainReport> {
  const run = pausedRun(project, id);
  const { data, viewKeys } = recordedData(project, run);
  const known = new Set(data.ids);
  const others = unlabelledItems(project).filter((item) => !known.has(item));
  const material = gatherMaterial(project, data, others, run.config.displayLimits);
  const changed = data.ids.filter((item, row) => material.views.keys.get(item) !== viewKeys[row]).length;
  if (changed > 0)
    throw new UserError(
      `Run ${id} cannot go on: ${changed} of its ${data.ids.length} items were removed since it began, or show other pixels. Train anew.`,
    );
  continueRun(project, id);
  return train(studio, project, run, material, { resume: true }, control);
}

async function train(
  studio: Studio,
  project: Project,
  { id, created, config }: Run,
  material: Material,
  start: FineTuneStart,
  control: FineTuneControl,
): Promise<TrainReport> {
  const failures: ViewFailure[] = [];
  let device: string | undefined;
  const run = await carryOut(project, id, async () => {
    const folder = runFolder(project, id);
    control.onBegin?.();
    await mkdir(folder, { recursive: true });
    const metrics = metricsWriter(project, id, control.onMetrics);
    const onOutput = (output: FineTuneOutput): void => {
      metrics.take(output);
      if (output.kind === 'failure') failures.push(output.failure);
      else if (output.kind === 'epoch') control.onEpoch?.(output.metrics);
      else if (output.kind === 'checkpoint' || output.kind === 'resumed') control.onCheckpoint?.();
      else if (output.kind === 'note') control.onNote?.(output.text);
    };
    const description = describeRun(project, { id, created, config });
    const params = fineTuneParams(project, config, material, { ...start, folder, description });
    try {
      const trained = await studio.trainer.run('fine-tune', params, { ...control, onOutput, putAwayTime });
      device = trained.device;
      metrics.flush();
      finishRun(project, id, material.data.ids, material.others, trained);
    } catch (error) {
      metrics.flush();
      throw error;
    }
    await rm(runCheckpoint(project, id), { force: true });
  });
  return { run, failures, warnings: [], ...(device === undefined ? {} : { device }) };
}
