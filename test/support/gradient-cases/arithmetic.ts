import { createTensor, elementCount, scalar } from '../../../main/engine/graph/tensors.ts';
import type { OperatorName } from '../../../main/engine/ops/table.ts';
import { apart, between, type GradientCase } from '../gradients.ts';

const x = [2, 3, 4];

/** Shapes that are broadcast: none, a scalar, a vector, at the end, at the beginning, in the middle, both sides, more dimensions. */
const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [x, x],
  [x, []],
  [[], x],
  [x, [1]],
  [x, [4]],
  [x, [3, 4]],
  [x, [2, 1, 1]],
  [x, [1, 1, 4]],
  [x, [1, 3, 1]],
  [x, [3, 1]],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [[3, 1], x],
  [
    [3, 1],
    [2, 1, 4],
  ],
  [[2, 1], [4]],
];

const broadcast = (op: OperatorName): GradientCase[] => pairs.map((inputs) => ({ op, inputs }));

export const arithmeticCases: readonly GradientCase[] = [
  ...(['Add', 'Sub', 'Mul', 'Sum', 'Mean'] as const).flatMap(broadcast),
  ...pairs.map(([a, b]): GradientCase => ({ op: 'Div', inputs: [a, between(0.5, 2, b)] })),
  { op: 'Div', inputs: [x, between(-2, -0.5, x)] },
  { op: 'Div', inputs: [scalar(2), between(0.5, 2, x)] },
  { op: 'Mul', inputs: [x, createTensor('float32', [4], [1, -2, 0, 3])] },
  ...(['Min', 'Max'] as const).flatMap((op): GradientCase[] => [
    ...pairs.map(([a, b]): GradientCase => ({ op, inputs: apart(a, b) })),
    { op, inputs: apart(x) },
    { op, inputs: apart(x, [3, 1], [4]) },
    { op, inputs: apart([2, 1, 4], [3, 1], x) },
    { op, inputs: [x, scalar(0.5)], kinks: [0.5] },
    { op, inputs: [scalar(0.5), x], kinks: [0.5] },
  ]),
  ...(['Sum', 'Mean'] as const).flatMap((op): GradientCase[] => [
    { op, inputs: [x] },
    { op, inputs: [x, [4], [3, 1], []] },
  ]),
  ...[2, 3, 1, 0.5, -1, 1.7].map((exponent): GradientCase => ({
    op: 'Pow',
    inputs: [between(0.5, 2, x), scalar(exponent)],
  })),
  { op: 'Pow', inputs: [x, scalar(2)] },
  { op: 'Pow', inputs: [x, scalar(3)] },
  { op: 'Pow', inputs: [x, createTensor('int64', [], [4])], notOnWebGpu: 'an exponent of another type' },
  { op: 'Pow', inputs: [between(0.5, 2, x), createTensor('float32', [4], [1, 2, 3, 0.5])] },
  ...pairs.map(([a, b], i): GradientCase => {
    const each: GradientCase = { op: 'Pow', inputs: [between(0.8, 2, a), b] };
    return i < 6 ? each : { ...each, notOnWebGpu: 'other axes than the last ones broadcast' };
  }),
  ...([[2, 3, 4], [4], [3, 1], [2, 1, 1]] as const).flatMap((shape): GradientCase[] => {
    const count = elementCount(shape);
    const condition = createTensor(
      'bool',
      shape,
      Array.from({ length: count }, (_, i) => Number(i % 3 !== 1)),
    );
    return [
      { op: 'Where', inputs: [condition, x, x] },
      { op: 'Where', inputs: [condition, [1, 4], [2, 1, 1]] },
    ];
  }),
  { op: 'Where', inputs: [createTensor('bool', [4], [1, 0, 0, 1]), x, scalar(-10)] },
];
