import type { softmax } from '../ops/softmax.ts';
import type { GradientsOf } from './rule.ts';

export const softmaxGradients: GradientsOf<typeof softmax> = {
  Softmax: { missing: 'its gradient is not written yet' },
  LogSoftmax: { missing: 'its gradient is not written yet' },
  Hardmax: { missing: 'its gradient is not written yet' },
};
