import type { FineTuningReport } from '../contract/fine-tuning.ts';

/** Which weights a fine-tuning kept: "the weights of epoch 4". */
export function keptWeights({ bestEpoch }: FineTuningReport): string {
  if (bestEpoch === null) return 'the average of the last epochs';
  return bestEpoch === 0 ? 'the weights from before the first epoch' : `the weights of epoch ${bestEpoch}`;
}
