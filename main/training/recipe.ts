import type { DeviceChoice } from '../contract/devices.ts';
import { CancelledError, explain, messageOf, UserError } from '../contract/errors.ts';
import type { RunConfig, RunResult } from '../contract/runs.ts';
import type { Split } from '../evaluation/project-split.ts';
import { usualMargin } from '../items/regions.ts';
import { findClass } from '../labels/classes.ts';
import type { StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import { getSetting } from '../projects/settings.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import type { ViewFailure } from '../trainer/views.ts';
import { hasCheckpoint } from './run-files.ts';
import { endRun, finishedRun, type Run } from './runs.ts';

/** What training is told, whatever the method. */
export interface Recipe {
  readonly network: StoredNetwork;
  /** Side of the input in pixels; the network's own when absent. */
  readonly size?: number;
  readonly seed: number;
  readonly device: DeviceChoice;
}

export interface TrainReport {
  readonly run: Run & { readonly result: RunResult };
  readonly device?: string;
  readonly warnings: readonly string[];
  readonly failures: readonly ViewFailure[];
}

/** Everything that a run is told, with what the project says at its start. */
export function configOf(
  project: Project,
  { network: { info }, size, seed, device }: Recipe,
  split: Split,
  data: LabelledData,
  own: Pick<RunConfig, 'method' | 'point' | 'pooling' | 'fineTuning'>,
): RunConfig {
  return {
    ...own,
    network: { hash: info.hash, name: info.name },
    preprocessing: { ...info.preprocessing, size: size ?? info.preprocessing.size },
    device,
    seed,
    split: split.id,
    classes: [...data.classNames],
    classIds: data.classNames.map((name) => findClass(project, name).id),
    margin: usualMargin(project) ?? 0,
    displayLimits: getSetting(project, 'displayLimits'),
  };
}

/**
 * Does a run's work. However it ends, the run says so: one that ends before its time and has a checkpoint is paused.
 *
 * @throws what the work throws, and for a paused run how to go on
 */
export async function carryOut(
  project: Project,
  runId: number,
  work: () => Promise<void>,
): Promise<Run & { result: RunResult }> {
  try {
    await work();
  } catch (error) {
    const cancelled = error instanceof CancelledError;
    if (!hasCheckpoint(project, runId)) {
      endRun(project, runId, cancelled ? 'cancelled' : 'failed', messageOf(error));
      throw error;
    }
    endRun(project, runId, 'paused', cancelled ? null : messageOf(error));
    const sentence = cancelled ? undefined : explain(error);
    if (!cancelled && sentence === undefined) throw error;
    const paused = cancelled
      ? `Run ${runId} was paused.`
      : `${sentence ?? ''} Run ${runId} is paused at its last checkpoint.`;
    throw new UserError(paused, {
      cause: error,
      onCommandLine: `Go on with: parfocal train "${project.folder}" --resume ${runId}`,
    });
  }
  return finishedRun(project, runId);
}

/**
 * Items without a label, by number.
 *
 * @param setId keeps those that have codes in this set
 */
export function unlabelledItems(project: Project, setId?: number): number[] {
  return project.database
    .prepare<{ setId: number | null }, number>(
      `SELECT items.id FROM items LEFT JOIN labels ON labels.item_id = items.id
        WHERE labels.class_id IS NULL
          AND (@setId IS NULL OR EXISTS (SELECT 1 FROM codes.codes AS code WHERE code.set_id = @setId AND code.item_id = items.id))
        ORDER BY items.id`,
    )
    .pluck()
    .all({ setId: setId ?? null });
}
