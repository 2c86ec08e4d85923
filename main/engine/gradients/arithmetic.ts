import type { arithmetic } from '../ops/arithmetic.ts';
import type { GradientsOf } from './rule.ts';

export const arithmeticGradients: GradientsOf<typeof arithmetic> = {
  Add: { missing: 'its gradient is not written yet' },
  Sub: { missing: 'its gradient is not written yet' },
  Mul: { missing: 'its gradient is not written yet' },
  Div: { missing: 'its gradient is not written yet' },
  Mod: { missing: 'its gradient is not written yet' },
  Pow: { missing: 'its gradient is not written yet' },
  Min: { missing: 'its gradient is not written yet' },
  Max: { missing: 'its gradient is not written yet' },
  Sum: { missing: 'its gradient is not written yet' },
  Mean: { missing: 'its gradient is not written yet' },
  Equal: { missing: 'its gradient is not written yet' },
  Greater: { missing: 'its gradient is not written yet' },
  GreaterOrEqual: { missing: 'its gradient is not written yet' },
  Less: { missing: 'its gradient is not written yet' },
  LessOrEqual: { missing: 'its gradient is not written yet' },
  And: { missing: 'its gradient is not written yet' },
  Or: { missing: 'its gradient is not written yet' },
  Where: { missing: 'its gradient is not written yet' },
};
