import { UserError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import type { RunConfig } from '../contract/runs.ts';
import { computeCodes } from '../codes/compute.ts';
import { networkOf, selectPoints } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { CrossValidateResult } from '../trainer/jobs/linear.ts';
import { gatherDataSet } from './data-set.ts';
import { currentSplit } from './project-split.ts';
import { foldsByGroup } from './splits.ts';

export interface CrossValidation extends CrossValidateResult {
  readonly folds: number;
  readonly warnings: readonly string[];
}

/**
 * Measures a recipe (network, freeze point, method) by k-fold cross-validation over groups on all that is labelled
 * now, every choice made anew inside each fold.
 */
export async function crossValidateRecipe(
  studio: Studio,
  project: Project,
  config: RunConfig,
  k: number,
  control: Control = {},
): Promise<CrossValidation> {
  const network = networkOf(project, config.network.hash);
  const { sets } = await computeCodes(
    studio,
    project,
    {
      network,
      points: selectPoints(network, config.point),
      pooling: config.pooling,
      size: config.preprocessing.size,
      device: config.device,
    },
    control,
  );
  const setId = sets[0].id;
  const data = gatherDataSet(project, setId, currentSplit(project));
  const items = data.ids.map((id, row) => ({ id, classIndex: data.classIndices[row], group: data.groups[row] }));
  const { folds, count, message } = foldsByGroup(items, k, config.seed);
  if (count < 2)
    throw new UserError(`Cross-validation needs two groups at least that can be held out. ${message ?? ''}`.trim());
  const result = await studio.trainer.run(
    'cross-validate',
    {
      codesFile: project.codesFile,
      setId,
      data,
      method: config.method,
      seed: config.seed,
      folds: Int32Array.from(data.ids, (id) => folds.get(id) ?? -1),
    },
    control,
  );
  return { ...result, folds: count, warnings: message ? [message] : [] };
}
