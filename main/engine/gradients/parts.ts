import type { parts } from '../ops/parts.ts';
import type { GradientsOf } from './rule.ts';

export const partsGradients: GradientsOf<typeof parts> = {
  Concat: { missing: 'its gradient is not written yet' },
  Split: { missing: 'its gradient is not written yet' },
  Slice: { missing: 'its gradient is not written yet' },
  Gather: { missing: 'its gradient is not written yet' },
  Pad: { missing: 'its gradient is not written yet' },
};
