import { batchNormalization } from './batch-normalisation.ts';
import type { normalisation } from '../ops/normalisation.ts';
import type { GradientsOf } from './rule.ts';

export const normalisationGradients: GradientsOf<typeof normalisation> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: { missing: 'its gradient is not written yet' },
  LayerNormalization: { missing: 'its gradient is not written yet' },
  LRN: { missing: 'its gradient is not written yet' },
  LpNormalization: { missing: 'its gradient is not written yet' },
};
