import type { reduction } from '../ops/reduction.ts';
import type { GradientsOf } from './rule.ts';

export const reductionGradients: GradientsOf<typeof reduction> = {
  ReduceMean: { missing: 'its gradient is not written yet' },
  ReduceSum: { missing: 'its gradient is not written yet' },
  ReduceProd: { missing: 'its gradient is not written yet' },
  ReduceMax: { missing: 'its gradient is not written yet' },
  ReduceMin: { missing: 'its gradient is not written yet' },
  ReduceL1: { missing: 'its gradient is not written yet' },
  ReduceL2: { missing: 'its gradient is not written yet' },
  ReduceLogSum: { missing: 'its gradient is not written yet' },
  ReduceLogSumExp: { missing: 'its gradient is not written yet' },
  ReduceSumSquare: { missing: 'its gradient is not written yet' },
  ArgMax: { missing: 'its gradient is not written yet' },
  ArgMin: { missing: 'its gradient is not written yet' },
};
