import type { pooling } from '../ops/pooling.ts';
import type { GradientsOf } from './rule.ts';

export const poolingGradients: GradientsOf<typeof pooling> = {
  MaxPool: { missing: 'its gradient is not written yet' },
  AveragePool: { missing: 'its gradient is not written yet' },
  GlobalAveragePool: { missing: 'its gradient is not written yet' },
  GlobalMaxPool: { missing: 'its gradient is not written yet' },
};
