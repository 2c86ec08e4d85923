import { findSet } from '../codes/compute.ts';
import { distancesInSet } from '../codes/neighbours.ts';
import { similaritySetOf } from '../codes/similarity.ts';
import { UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import { viewOfItem } from '../items/views.ts';
import { networkOf, selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { ExplainResult } from '../trainer/jobs/explain.ts';
import { classifierParts } from '../training/classifier-parts.ts';
import type { Run } from '../training/runs.ts';
import { classesOfRun } from './answers.ts';

/** A labelled item near another by its codes. */
export interface LabelledNeighbour {
  readonly itemId: number;
  readonly classId: number;
  /** 1 − the cosine between the codes. */
  readonly distance: number;
}

export interface Explanation extends ExplainResult {
  /** The nearest first; null where the item has no codes to compare. */
  readonly nearest: readonly LabelledNeighbour[] | null;
}

export interface ExplainRequest {
  readonly itemId: number;
  /** Classes to show beside the likeliest two and the item's label, by their number in the run. */
  readonly classes?: readonly number[];
  /** The freeze point to look at; absent: the last that still has places. */
  readonly point?: string | undefined;
}

const shownNeighbours = 8;

/**
 * Why a run answers as it does for an item: where in the picture its classes are seen, and which labelled items are alike.
 *
 * @throws UserError when the item's image cannot be had, or when the run's network has nothing to show
 */
export async function explainItem(
  studio: Studio,
  project: Project,
  run: Run,
  { itemId, classes = [], point }: ExplainRequest,
  control: Control = {},
): Promise<Explanation> {
  const unknown = classes.find((one) => one >= run.config.classes.length);
  if (unknown !== undefined) throw new UserError(`Run ${run.id} has no class of the number ${unknown}.`);
  const image = viewOfItem(project, itemId, run.config.displayLimits);
  const own = classOf(project, itemId);
  const labelled = own === undefined ? -1 : classesOfRun(project, run).indexOf(own);
  const result = await studio.trainer.run(
    'explain',
    {
      ...classifierParts(project, run),
      image,
      point: point ?? null,
      classes: labelled < 0 ? classes : [labelled, ...classes],
      likeliest: 2,
    },
    control,
  );
  return { ...result, nearest: await nearestLabelled(project, run, itemId) };
}

/** By the codes that the run rests on; by those that items are compared by elsewhere, where there are none. */
async function nearestLabelled(project: Project, run: Run, itemId: number): Promise<LabelledNeighbour[] | null> {
  const { network, point, pooling, preprocessing } = run.config;
  const own = findSet(
    project,
    network.hash,
    selectPoint(networkOf(project, network.hash), point),
    pooling,
    preprocessing,
  );
  for (const setId of [own, similaritySetOf(project)]) {
    const distances = setId === undefined ? undefined : await distancesInSet(project, setId, itemId);
    if (!distances) continue;
    return listLabels(project)
      .flatMap(([labelled, classId]): LabelledNeighbour[] => {
        const distance = distances.get(labelled);
        return distance === undefined || labelled === itemId ? [] : [{ itemId: labelled, classId, distance }];
      })
      .sort((a, b) => a.distance - b.distance)
      .slice(0, shownNeighbours);
  }
  return null;
}

function listLabels({ database }: Project): [itemId: number, classId: number][] {
  return database
    .prepare<[], [number, number]>('SELECT item_id, class_id FROM labels WHERE class_id IS NOT NULL')
    .raw()
    .all();
}

function classOf({ database }: Project, itemId: number): number | undefined {
  return database
    .prepare<[number], number>('SELECT class_id FROM labels WHERE item_id = ? AND class_id IS NOT NULL')
    .pluck()
    .get(itemId);
}
