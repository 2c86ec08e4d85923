import { describe, test } from 'vitest';
import type { GradientCase } from '../support/gradients.ts';
import { apart, between, expectGradient, titleOf } from '../support/gradients.ts';

const x = [2, 3, 5];

const cases: GradientCase[] = [
  ...(['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Abs'] as const).map((op) => ({ op, inputs: [x], kinks: [0] })),
  ...(['Sigmoid', 'Mish', 'Softplus', 'Erf', 'Tanh', 'Exp', 'Neg', 'Sin', 'Cos', 'Identity', 'Dropout'] as const).map(
    (op) => ({ op, inputs: [x] }),
  ),
  ...(['Sqrt', 'Log', 'Reciprocal'] as const).map((op) => ({ op, inputs: [between(0.5, 3, x)] })),
  { op: 'Sum', inputs: [x, [3, 1], []] },
  { op: 'Max', inputs: [apart(x)] },
];

describe('gradients', () => {
  test.each(cases.map((each) => [titleOf(each), each] as const))('%s', (_, each) => expectGradient(each));
});
