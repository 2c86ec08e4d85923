import type { Part } from '../contract/images.ts';
import { currentClasses } from '../labels/change-classes.ts';
import { listClasses } from '../labels/classes.ts';
import type { Project } from '../projects/project.ts';
import { finishedRun, type Run, runItems, type RunSuggestion, runSuggestions } from '../training/runs.ts';

/** What a run answered for an item. Classes by their number in the run. */
export interface Answer {
  /** The label that the item had when the run was trained. */
  readonly truth: number;
  readonly part: Part;
  readonly predicted: number;
  readonly probabilities: Float32Array;
}

export interface RunAnswers {
  readonly run: Run;
  readonly byItem: ReadonlyMap<number, Answer>;
  /** For items that had no label then. */
  readonly suggestions: ReadonlyMap<number, RunSuggestion>;
}

/** Runs whose answers are kept in memory. */
const mostKept = 4;
const kept = new WeakMap<Project, Map<number, RunAnswers>>();

/**
 * All answers of a run. Kept in memory for the last few runs: they never change.
 *
 * @throws UserError when there is no such run, or when it did not end well
 */
export function answersOf(project: Project, runId: number): RunAnswers {
  const ofProject = kept.get(project) ?? new Map<number, RunAnswers>();
  kept.set(project, ofProject);
  const answers = ofProject.get(runId) ?? readAnswers(project, runId);
  // The one used last is the last to go.
  ofProject.delete(runId);
  ofProject.set(runId, answers);
  for (const oldest of [...ofProject.keys()].slice(0, -mostKept)) ofProject.delete(oldest);
  return answers;
}

/** To be called when a run is removed. */
export function forgetAnswers(project: Project, runId: number): void {
  kept.get(project)?.delete(runId);
}

function readAnswers(project: Project, runId: number): RunAnswers {
  const run = finishedRun(project, runId);
  const byItem = new Map<number, Answer>();
  for (const { itemId, classIndex, part, probabilities } of runItems(project, runId)) {
    if (!probabilities) continue;
    byItem.set(itemId, { truth: classIndex, part, predicted: likeliest(probabilities), probabilities });
  }
  const suggestions = new Map(runSuggestions(project, runId).map((one) => [one.itemId, one]));
  return { run, byItem, suggestions };
}

export function likeliest(probabilities: Float32Array): number {
  let best = 0;
  for (let index = 1; index < probabilities.length; index++)
    if (probabilities[index] > probabilities[best]) best = index;
  return best;
}

/** The project's class for each class of a run, whatever it is called by now; undefined for one that was removed. */
export function classesOfRun(project: Project, { config }: Run): (number | undefined)[] {
  const present = listClasses(project);
  const ids = new Set(present.map(({ id }) => id));
  const current = currentClasses(project);
  return config.classes.map((name, index) => {
    const id = config.classIds?.[index] ?? present.find((one) => one.name === name)?.id;
    const now = id === undefined ? undefined : current.get(id);
    return now !== undefined && ids.has(now) ? now : undefined;
  });
}
