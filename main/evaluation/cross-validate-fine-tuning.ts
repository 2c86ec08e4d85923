import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Part } from '../contract/images.ts';
import type { Control } from '../contract/progress.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { CrossValidateResult } from '../trainer/jobs/linear.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import { describeRun } from '../training/describe-run.ts';
import { fineTuneParams, gatherMaterial } from '../training/fine-tune-params.ts';
import type { Run } from '../training/runs.ts';
import type { SplitConfig } from './project-split.ts';
import { splitByGroup } from './splits.ts';

export interface FineTuningFolds {
  readonly data: LabelledData;
  /** The fold in which each item is held out, from 0; −1 for an item that never is. */
  readonly folds: Int32Array;
  /** Codes at the last freeze point, for a classifier that starts fitted. */
  readonly codesSet: number | undefined;
  /** How the project divides what is trained on. */
  readonly split: SplitConfig;
}

/**
 * Fine-tunes once a fold with a run's settings, and measures on what was held out. What chooses (the best epoch, the end) is a
 * validation part of the items that are left, drawn anew in each fold.
 */
export async function crossValidateFineTuning(
  studio: Studio,
  project: Project,
  run: Pick<Run, 'id' | 'created' | 'config'>,
  { data, folds, codesSet, split }: FineTuningFolds,
  control: Control,
): Promise<CrossValidateResult> {
  const { seed } = run.config;
  const description = describeRun(project, run);
  const material = gatherMaterial(project, data, []);
  const classCount = data.classNames.length;
  const probabilities = new Float32Array(data.ids.length * classCount).fill(Number.NaN);
  const foldScores: CrossValidateResult['foldScores'][number][] = [];
  const count = folds.reduce((a, b) => Math.max(a, b), -1) + 1;
  for (let fold = 0; fold < count; fold++) {
    const parts = partsOfFold(data, folds, fold, { ...split, seed });
    const folder = await mkdtemp(join(project.cacheFolder, 'fold-'));
    try {
      const params = fineTuneParams(
        project,
        run.config,
        { ...material, data: { ...data, parts } },
        { codesSet, folder, description },
      );
      const { result, probabilities: answers } = await studio.trainer.run('fine-tune', params, {
        ...control,
        onProgress: (progress) =>
          control.onProgress?.({ ...progress, step: `Fold ${fold + 1} of ${count}: ${progress.step}` }),
      });
      for (const [row, part] of parts.entries()) {
        if (part !== 'test') continue;
        probabilities.set(answers.subarray(row * classCount, (row + 1) * classCount), row * classCount);
      }
      const held = parts.filter((part) => part === 'test').length;
      const { macroF1, accuracy } = result.test ?? { macroF1: { value: null }, accuracy: { value: null } };
      foldScores.push({ items: held, macroF1: macroF1.value, accuracy: accuracy.value });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const answered = data.ids.flatMap((_, row) => (Number.isNaN(probabilities[row * classCount]) ? [] : [row]));
  const evaluation = await studio.trainer.run('measure', { data, probabilities, rows: answered, seed }, control);
  return { evaluation, foldScores };
}

/** The held-out items are the test; what is left is divided as the project divides it, groups never. */
function partsOfFold(
  data: LabelledData,
  folds: Int32Array,
  fold: number,
  { validation, seed }: Pick<SplitConfig, 'validation' | 'seed'>,
): Part[] {
  const left = data.ids.flatMap((id, row) =>
    folds[row] === fold ? [] : [{ id, classIndex: data.classIndices[row], group: data.groups[row] }],
  );
  const parts = splitByGroup(left, { test: 0, validation, seed });
  return data.ids.map((id) => parts.get(id) ?? 'test');
}
