import type { resize } from '../ops/resize.ts';
import type { GradientsOf } from './rule.ts';

export const resizeGradients: GradientsOf<typeof resize> = {
  Resize: { missing: 'its gradient is not written yet' },
};
