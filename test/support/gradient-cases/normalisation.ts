import { float, int } from '../../../main/engine/graph/attributes.ts';
import { createTensor } from '../../../main/engine/graph/tensors.ts';
import { between, type GradientCase } from '../gradients.ts';

const image = [2, 7, 2, 2];

function lrn(size: number, beta: number, alpha = 0.5, bias = 1): GradientCase {
  return {
    op: 'LRN',
    inputs: [image],
    attributes: { size: int(size), alpha: float(alpha), beta: float(beta), bias: float(bias) },
  };
}

export const normalisationCases: readonly GradientCase[] = [
  { op: 'LayerNormalization', inputs: [[2, 3, 6], [6], [6]] },
  { op: 'LayerNormalization', inputs: [[2, 3, 6], [6]], attributes: { epsilon: float(0.1) } },
  {
    op: 'LayerNormalization',
    inputs: [
      [2, 3, 6],
      [3, 6],
      [3, 6],
    ],
    attributes: { axis: int(1) },
  },
  {
    op: 'LayerNormalization',
    inputs: [[2, 3, 6], [6], [6]],
    attributes: { axis: int(-2) },
    notOnWebGpu: 'scales that are broadcast',
  },
  { op: 'LayerNormalization', inputs: [[2, 3, 6], createTensor('float32', [6], [1, 2, -1, 0.5, 1, 3]), [6]] },
  { op: 'InstanceNormalization', inputs: [[2, 3, 2, 3], [3], [3]] },
  { op: 'InstanceNormalization', inputs: [[2, 3, 7], [3], [3]], attributes: { epsilon: float(0.05) } },
  ...[lrn(5, 0.75), lrn(3, 0.5), lrn(5, 1), lrn(3, 0.6, 0.9, 2), lrn(1, 0.75), lrn(9, 0.75), lrn(5, 0.75, 1e-4)],
  ...[1, 2].flatMap((p): GradientCase[] => [
    { op: 'LpNormalization', inputs: [[2, 3, 4]], attributes: { p: int(p) }, kinks: p === 1 ? [0] : [] },
    { op: 'LpNormalization', inputs: [between(0.5, 2, [2, 3, 4])], attributes: { p: int(p), axis: int(1) } },
  ]),
  { op: 'Softmax', inputs: [[2, 3, 4]] },
  { op: 'Softmax', inputs: [[2, 3, 4]], attributes: { axis: int(1) } },
  { op: 'LogSoftmax', inputs: [[2, 3, 4]] },
  { op: 'LogSoftmax', inputs: [[2, 3, 4]], attributes: { axis: int(-3) } },
];
