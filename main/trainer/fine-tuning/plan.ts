import type { FineTuning } from '../../contract/fine-tuning.ts';
import type { FreezePoint } from '../../engine/networks/freeze-points.ts';
import type { Network } from '../../engine/networks/network.ts';
import { createRandom } from '../../engine/random.ts';
import { balancedWeights, type TargetOptions } from '../../engine/training/losses.ts';
import { adamw, sgd } from '../../engine/training/optimizers.ts';
import { type Parameter, randomised, tailParameters } from '../../engine/training/parameters.ts';
import type { TrainingPlan } from '../../engine/training/train.ts';
import type { TrainingGraphRequest } from '../../engine/training/training-graph.ts';

/** The settings of a run as the engine takes them. @param classes of the training items */
export function planOf(
  settings: FineTuning,
  network: Network,
  freeze: FreezePoint | undefined,
  head: readonly Parameter[],
  classes: Int32Array,
  classCount: number,
  seed: number,
): { request: TrainingGraphRequest; targets: TargetOptions; plan: TrainingPlan } {
  const pretrained = tailParameters(network, freeze, settings);
  const { normalisation, weightDecay, towardPretrained, schedule, rate, warmUp, epochs, averaging } = settings;
  return {
    request: {
      network,
      freeze,
      parameters: settings.init === 'random' ? randomised(network, pretrained, createRandom(seed)) : pretrained,
      head,
      classCount,
      batch: settings.batchSize,
      normalisation,
      freshStatistics: settings.init === 'random',
      optimizer: settings.optimizer === 'adamw' ? adamw : sgd,
      weightDecay,
      towardPretrained,
      clip: settings.clip ?? undefined,
    },
    targets: {
      smoothing: settings.labelSmoothing,
      ...(settings.balanced ? { classWeights: balancedWeights(classes, classCount) } : {}),
    },
    plan: {
      epochs,
      schedule: { kind: schedule, rate, warmUp },
      patience: settings.patience ?? undefined,
      averaging,
      classCount,
    },
  };
}
