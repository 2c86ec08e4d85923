import { isFloat } from '../graph/tensors.ts';
import type { shapes } from '../ops/shape.ts';
import { cast } from './expressions.ts';
import type { GradientsOf } from './rule.ts';

export const shapesGradients: GradientsOf<typeof shapes> = {
  Shape: 'none',
  Size: 'none',
  Constant: 'none',
  ConstantOfShape: 'none',
  Range: 'none',
  Cast: (c) => (isFloat(c.type(0)) ? [cast(c.dy, c.type(0))] : []),
};
