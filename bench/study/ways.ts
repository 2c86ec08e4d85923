import { defaultAugmentation } from '../../main/contract/augmentation.ts';
import type { EpochMetrics } from '../../main/contract/fine-tuning.ts';
import { currentSplit } from '../../main/evaluation/project-split.ts';
import type { StoredNetwork } from '../../main/networks/library.ts';
import type { Project } from '../../main/projects/project.ts';
import type { RunningStudio } from '../../main/studio.ts';
import { fineTune } from '../../main/training/fine-tune.ts';
import { type FineTuningChoice, fineTuningOf } from '../../main/training/fine-tuning-defaults.ts';
import { epochMetrics } from '../../main/training/metrics.ts';
import { trainLinear } from '../../main/training/train-linear.ts';
import type { DataSet } from './datasets.ts';

/** One way to train. */
export interface Way {
  readonly name: string;
  /** Undefined: a softmax classifier on the codes. */
  readonly choice: FineTuningChoice | undefined;
}

export interface Score {
  readonly macroF1: number;
  readonly accuracy: number;
  /** Training alone, the activations and the measuring left out; of no meaning for a linear classifier. */
  readonly seconds: number;
  readonly epochs: number;
  /** Absent for a linear classifier. */
  readonly losses?: Losses;
}

interface Losses {
  /** Mean in the first and in the last epoch, whose views of the items are others. */
  readonly training: readonly [number, number];
  /** Before the first step, and of the epoch that is kept. */
  readonly validation: readonly [number, number];
}

interface Trial {
  readonly network: StoredNetwork;
  readonly data: Pick<DataSet, 'size' | 'symmetric'>;
  readonly way: Way;
  readonly seed: number;
}

/** Trains in one way, with the product's defaults, on a project's items, and measures on its test items. */
export async function tryWay(
  studio: RunningStudio,
  project: Project,
  { network, data: { size, symmetric }, way: { choice }, seed }: Trial,
): Promise<Score> {
  const recipe = { network, size, seed, device: 'cpu' } as const;
  const start = performance.now();
  const point = network.info.freezePoints.at(-1)!;
  const augmentation = { ...defaultAugmentation, symmetries: symmetric ? 'all' : 'none' } as const;
  const { run } = choice
    ? await fineTune(studio, project, {
        ...recipe,
        settings: fineTuningOf(network.info, currentSplit(project).counts.train, { ...choice, augmentation }),
      })
    : await trainLinear(studio, project, { ...recipe, point, method: 'softmax', pooling: 'avg' });
  const { macroF1, accuracy } = run.result.test!;
  return {
    macroF1: macroF1.value!,
    accuracy: accuracy.value!,
    seconds: run.result.fineTuning?.seconds ?? (performance.now() - start) / 1000,
    epochs: run.result.fineTuning?.epochs ?? 0,
    ...(choice ? { losses: lossesOf(epochMetrics(project, run.id)) } : {}),
  };
}

function lossesOf(epochs: readonly EpochMetrics[]): Losses {
  const training = epochs.flatMap(({ trainLoss }) => trainLoss ?? []);
  const kept = epochs.findLast(({ best }) => best)!;
  return {
    training: [training[0], training.at(-1)!],
    validation: [epochs[0].validationLoss!, kept.validationLoss!],
  };
}
