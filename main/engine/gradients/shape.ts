import type { shapes } from '../ops/shape.ts';
import type { GradientsOf } from './rule.ts';

export const shapesGradients: GradientsOf<typeof shapes> = {
  Shape: { missing: 'its gradient is not written yet' },
  Size: { missing: 'its gradient is not written yet' },
  Constant: { missing: 'its gradient is not written yet' },
  ConstantOfShape: { missing: 'its gradient is not written yet' },
  Range: { missing: 'its gradient is not written yet' },
  Cast: { missing: 'its gradient is not written yet' },
};
