import type { convolution } from '../ops/convolution.ts';
import type { GradientsOf } from './rule.ts';

export const convolutionGradients: GradientsOf<typeof convolution> = {
  Conv: { missing: 'its gradient is not written yet' },
  ConvTranspose: { missing: 'its gradient is not written yet' },
};
