import { float } from '../../../main/engine/graph/attributes.ts';
import { createTensor, scalar } from '../../../main/engine/graph/tensors.ts';
import { between, type GradientCase } from '../gradients.ts';

const x = [2, 3, 5];
const wide = between(-5, 5, x);

export const elementwiseCases: readonly GradientCase[] = [
  ...(['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Abs'] as const).map((op) => ({ op, inputs: [x], kinks: [0] })),
  ...(['Sigmoid', 'Mish', 'Softplus', 'Erf', 'Tanh', 'Exp', 'Neg', 'Sin', 'Cos', 'Identity', 'Dropout'] as const).map(
    (op) => ({ op, inputs: [x] }),
  ),
  ...(['Sqrt', 'Log', 'Reciprocal'] as const).map((op) => ({ op, inputs: [between(0.5, 3, x)] })),
  { op: 'Reciprocal', inputs: [between(-3, -0.5, x)] },
  { op: 'Softsign', inputs: [x], kinks: [0] },
  ...[0.3, 1.5, -0.2].map((alpha): GradientCase => {
    return { op: 'LeakyRelu', inputs: [x], attributes: { alpha: float(alpha) }, kinks: [0] };
  }),
  ...[0.5, 2].flatMap((alpha) =>
    (['Elu', 'Selu', 'Celu'] as const).map((op) => ({
      op,
      inputs: [x],
      attributes: { alpha: float(alpha), ...(op === 'Selu' ? { gamma: float(1.5) } : {}) },
      kinks: [0],
    })),
  ),
  { op: 'HardSigmoid', inputs: [[...x, 4]], kinks: [-2.5, 2.5] },
  { op: 'HardSigmoid', inputs: [x], attributes: { alpha: float(0.8), beta: float(0.4) }, kinks: [-0.5, 0.75] },
  { op: 'HardSwish', inputs: [wide], kinks: [-3, 3] },
  { op: 'Clip', inputs: [x, scalar(0), scalar(1)], kinks: [0, 1] },
  { op: 'Clip', inputs: [wide, scalar(0), scalar(3)], kinks: [0, 3] },
  { op: 'Clip', inputs: [x, undefined, scalar(1)], kinks: [1] },
  { op: 'Clip', inputs: [x, scalar(-0.5)], kinks: [-0.5] },
  { op: 'Clip', inputs: [x] },
  { op: 'Clip', inputs: [x, scalar(-3.4e38), scalar(3.4e38)] },
  ...[[3, 1], [1], [], [5], [2, 1, 5]].map((slope): GradientCase => {
    return { op: 'PRelu', inputs: [x, slope], kinks: [0] };
  }),
  { op: 'PRelu', inputs: [createTensor('float32', [2, 2], [1, -1, 2, -2]), [2]] },
];
