import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeCodes } from '../codes/compute.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import { CancelledError, messageOf } from '../contract/errors.ts';
import type { FreezePointInfo, Pooling } from '../contract/networks.ts';
import type { Control } from '../contract/progress.ts';
import type { Method, RunConfig } from '../contract/runs.ts';
import { gatherDataSet } from '../evaluation/data-set.ts';
import { currentSplit } from '../evaluation/project-split.ts';
import { usualMargin } from '../items/regions.ts';
import { findClass } from '../labels/classes.ts';
import type { StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import type { Studio } from '../studio-parts.ts';
import type { TrainLinearResult } from '../trainer/jobs/linear.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import type { ViewFailure } from '../trainer/views.ts';
import { endRun, finishedRun, finishRun, type Run, type RunItem, type RunSuggestion, startRun } from './runs.ts';

export interface TrainRequest {
  readonly network: StoredNetwork;
  readonly point: FreezePointInfo;
  readonly method: Method;
  readonly pooling: Pooling;
  readonly size?: number;
  readonly seed: number;
  readonly device: DeviceChoice;
}

export interface TrainReport {
  readonly run: Run;
  readonly device?: string;
  readonly warnings: readonly string[];
  readonly failures: readonly ViewFailure[];
}

/** Where the head of a run lies: an ONNX network from codes to probabilities. */
export function headFile(project: Project, runId: number): string {
  return join(project.runsFolder, String(runId), 'head.onnx');
}

/**
 * Trains a linear classifier on the codes at a freeze point: computes the codes that are missing, chooses the
 * regularisation on the validation part, refits on training and validation, and measures on the test part, which nothing
 * before has seen.
 */
export async function trainLinear(
  studio: Studio,
  project: Project,
  request: TrainRequest,
  control: Control = {},
): Promise<TrainReport> {
  const split = currentSplit(project);
  const { sets, failures, device } = await computeCodes(
    studio,
    project,
    {
      network: request.network,
      points: [request.point],
      pooling: request.pooling,
      device: request.device,
      ...(request.size === undefined ? {} : { size: request.size }),
    },
    control,
  );
  const set = sets[0];
  const data = gatherDataSet(project, set.id, split);
  const { info } = request.network;
  const config: RunConfig = {
    method: request.method,
    network: { hash: info.hash, name: info.name },
    point: request.point.name,
    pooling: request.pooling,
    preprocessing: { ...info.preprocessing, size: request.size ?? info.preprocessing.size },
    device: request.device,
    seed: request.seed,
    split: split.id,
    classes: [...data.classNames],
    classIds: data.classNames.map((name) => findClass(project, name).id),
    margin: usualMargin(project) ?? 0,
    displayLimits: getSetting(project, 'displayLimits'),
  };
  const runId = startRun(project, config);
  try {
    const others = unlabelled(project, set.id);
    const { head, result, probabilities, suggestions } = await studio.trainer.run(
      'train-linear',
      { codesFile: project.codesFile, setId: set.id, data, method: request.method, seed: request.seed, others },
      control,
    );
    const file = headFile(project, runId);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, head, { flush: true });
    finishRun(project, runId, result, withAnswers(data, probabilities), asSuggestions(others, suggestions));
  } catch (error) {
    endRun(project, runId, error instanceof CancelledError ? 'cancelled' : 'failed', messageOf(error));
    throw error;
  }
  return {
    run: finishedRun(project, runId),
    warnings: split.warnings,
    failures,
    ...(device === undefined ? {} : { device }),
  };
}

/** Items that have codes and no label. */
function unlabelled(project: Project, setId: number): number[] {
  return project.database
    .prepare<[number], number>(
      `SELECT items.id FROM items JOIN codes.codes AS code ON code.set_id = ? AND code.item_id = items.id
         LEFT JOIN labels ON labels.item_id = items.id WHERE labels.class_id IS NULL ORDER BY items.id`,
    )
    .pluck()
    .all(setId);
}

function* asSuggestions(
  ids: readonly number[],
  { classIndices, probabilities }: TrainLinearResult['suggestions'],
): Generator<RunSuggestion> {
  for (const [row, itemId] of ids.entries())
    yield { itemId, classIndex: classIndices[row], probability: probabilities[row] };
}

function* withAnswers(data: LabelledData, probabilities: Float32Array): Generator<RunItem> {
  const classes = data.classNames.length;
  for (const [row, itemId] of data.ids.entries()) {
    yield {
      itemId,
      classIndex: data.classIndices[row],
      part: data.parts[row],
      group: data.groups[row],
      probabilities: probabilities.slice(row * classes, (row + 1) * classes),
    };
  }
}
