import { UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import type { CrossValidation } from '../contract/evaluation.ts';
import type { RunConfig } from '../contract/runs.ts';
import { computeCodes } from '../codes/compute.ts';
import { networkOf, selectPoints } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import { keepCrossValidation, type Run } from '../training/runs.ts';
import { crossValidateFineTuning } from './cross-validate-fine-tuning.ts';
import { gatherDataSet } from './data-set.ts';
import { currentSplit } from './project-split.ts';
import { foldsByGroup } from './splits.ts';

/**
 * Measures the recipe of a run (network, freeze point, method, settings) by k-fold cross-validation over groups on all that is
 * labelled now, every choice made anew inside each fold. What it found is kept with the run.
 */
export async function crossValidateRecipe(
  studio: Studio,
  project: Project,
  run: Pick<Run, 'id' | 'created' | 'config'>,
  k: number,
  control: Control = {},
): Promise<CrossValidation> {
  const { config } = run;
  const codesSet = await codesFor(studio, project, config, control);
  const split = currentSplit(project);
  const data = gatherDataSet(project, split, codesSet);
  const { folds, count, warnings } = divide(data, k, config.seed);
  const { method, seed } = config;
  const result =
    method === 'fine-tune'
      ? await crossValidateFineTuning(studio, project, run, { data, folds, codesSet, split: split.config }, control)
      : await studio.trainer.run(
          'cross-validate',
          { codesFile: project.codesFile, setId: codesSet!, data, method, seed, folds },
          control,
        );
  const found: CrossValidation = {
    created: new Date().toISOString(),
    folds: count,
    warnings,
    evaluation: result.evaluation,
    foldScores: [...result.foldScores],
  };
  keepCrossValidation(project, run.id, found);
  return found;
}

/** The codes that the recipe rests on; undefined for a classifier that starts from nothing. */
async function codesFor(
  studio: Studio,
  project: Project,
  { network: { hash }, point, pooling, preprocessing, device, fineTuning }: RunConfig,
  control: Control,
): Promise<number | undefined> {
  if (fineTuning?.headStart === 'zero') return undefined;
  const network = networkOf(project, hash);
  const request = { network, points: selectPoints(network, point), pooling, size: preprocessing.size, device };
  const { sets } = await computeCodes(studio, project, request, control);
  return sets[0].id;
}

/** The fold in which each item is held out, from 0; −1 for an item that never is. */
export function divide(
  data: LabelledData,
  k: number,
  seed: number,
): { folds: Int32Array; count: number; warnings: string[] } {
  const items = data.ids.map((id, row) => ({ id, classIndex: data.classIndices[row], group: data.groups[row] }));
  const { folds, count, message } = foldsByGroup(items, k, seed);
  if (count < 2)
    throw new UserError(`Cross-validation needs two groups at least that can be held out. ${message ?? ''}`.trim());
  return { folds: Int32Array.from(data.ids, (id) => folds.get(id) ?? -1), count, warnings: message ? [message] : [] };
}
