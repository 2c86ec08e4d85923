import { describe, expect, test } from 'vitest';
import { float, int, ints, string, tensor } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { product, quotient } from '../../main/engine/graph/dimensions.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { createTensor, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import type { Attribute, DataType, Dimension, Model, Tensor } from '../../main/engine/graph/types.ts';
import { NodeContext } from '../../main/engine/ops/operator.ts';
import { operators } from '../../main/engine/ops/table.ts';
import { expectClose, randomTensor, run } from '../support/graphs.ts';

interface Case {
  readonly op: string;
  /** Shapes of inputs, or constants; undefined for one that is left out. */
  readonly inputs: readonly (readonly number[] | Tensor | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
  /** Of the inputs that are not constant. */
  readonly type?: DataType;
}

const image = [2, 6, 9, 8];
const float32s = (...values: number[]): Tensor => createTensor('float32', [values.length], values);
const window = (
  kernel: readonly number[],
  pads: readonly number[],
  strides: readonly number[],
): Case['attributes'] => ({
  kernel_shape: ints(kernel),
  pads: ints(pads),
  strides: ints(strides),
});

const unary = [
  ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Mish', 'Softplus'],
  ...['Softsign', 'Erf', 'Tanh', 'Sqrt', 'Exp', 'Log', 'Abs', 'Neg', 'Reciprocal', 'Floor', 'Ceil', 'Sign', 'Round'],
  ...['Sin', 'Cos', 'Identity', 'Dropout', 'GlobalAveragePool', 'GlobalMaxPool', 'LpNormalization', 'Shape', 'Size'],
  ...['Softmax', 'LogSoftmax', 'Hardmax', 'Flatten', 'Transpose', 'Clip'],
].map((op): Case => ({ op, inputs: [image] }));

const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Sum', 'Mean', 'Greater', 'Less'].flatMap(
  (op): Case[] =>
    [
      [image, [8]],
      [[6, 1, 8], image],
      [[], [3, 1]],
      [
        [2, 1],
        [1, 3],
      ],
    ].map((inputs) => ({ op, inputs })),
);

const reductions = ['Mean', 'Sum', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].flatMap(
  (kind): Case[] => [
    { op: `Reduce${kind}`, inputs: [image] },
    { op: `Reduce${kind}`, inputs: [image, int64s([-1, 1])], attributes: { keepdims: int(0) } },
    { op: `Reduce${kind}`, inputs: [image], attributes: { noop_with_empty_axes: int(1) } },
  ],
);

const cases: Case[] = [
  ...unary,
  ...binary,
  ...reductions,
  { op: 'Equal', inputs: [image, [9, 1]], type: 'int64' },
  { op: 'GreaterOrEqual', inputs: [image, [9, 1]] },
  { op: 'LessOrEqual', inputs: [[9, 1], image] },
  { op: 'And', inputs: [[2, 1], [3]], type: 'bool' },
  { op: 'Or', inputs: [[2, 1], [3]], type: 'bool' },
  { op: 'Not', inputs: [[2, 3]], type: 'bool' },
  { op: 'Mod', inputs: [[2, 3], createTensor('int64', [3], [2, 3, 4])], type: 'int64' },
  { op: 'Where', inputs: [createTensor('bool', [3, 1], [1, 0, 1]), [1, 4], [2, 1, 1]] },
  { op: 'PRelu', inputs: [image, [6, 1, 1]] },
  { op: 'Clip', inputs: [image, undefined, scalar(1)] },
  { op: 'Conv', inputs: [image, [4, 6, 3, 2], [4]] },
  { op: 'Conv', inputs: [image, [6, 1, 3, 3]], attributes: { group: int(6), ...window([3, 3], [1, 0, 2, 1], [2, 1]) } },
  { op: 'Conv', inputs: [image, [4, 3, 2, 3]], attributes: { group: int(2), dilations: ints([3, 2]) } },
  {
    op: 'Conv',
    inputs: [
      [2, 3, 11],
      [4, 3, 5],
    ],
    attributes: { strides: ints([3]) },
  },
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].flatMap((pad): Case[] => [
    { op: 'Conv', inputs: [image, [4, 6, 4, 3]], attributes: { auto_pad: string(pad), strides: ints([2, 3]) } },
    { op: 'MaxPool', inputs: [image], attributes: { auto_pad: string(pad), kernel_shape: ints([4, 3]) } },
    {
      op: 'ConvTranspose',
      inputs: [image, [6, 4, 3, 4]],
      attributes: { auto_pad: string(pad), strides: ints([2, 3]) },
    },
  ]),
  { op: 'ConvTranspose', inputs: [image, [6, 2, 3, 3]], attributes: { group: int(3), strides: ints([2, 2]) } },
  {
    op: 'ConvTranspose',
    inputs: [image, [6, 2, 3, 3], [2]],
    attributes: {
      strides: ints([2, 2]),
      pads: ints([1, 0, 1, 1]),
      output_padding: ints([1, 0]),
      dilations: ints([1, 2]),
    },
  },
  { op: 'MaxPool', inputs: [image], attributes: window([3, 2], [1, 0, 1, 1], [2, 2]), outputs: 2 },
  { op: 'MaxPool', inputs: [image], attributes: { kernel_shape: ints([3, 3]), dilations: ints([2, 3]) } },
  // Where rounding up would start a window in the padding behind the image, and where it would not.
  ...[1, 2, 3, 4].flatMap((stride): Case[] =>
    ['MaxPool', 'AveragePool'].flatMap((op) =>
      [
        [0, 0, 0, 0],
        [1, 1, 1, 1],
        [0, 1, 1, 1],
      ].map((pads) => ({
        op,
        inputs: [image],
        attributes: { ceil_mode: int(1), ...window([2, 3], pads, [stride, stride]) },
      })),
    ),
  ),
  {
    op: 'AveragePool',
    inputs: [image],
    attributes: { count_include_pad: int(1), ...window([3, 3], [1, 1, 1, 1], [2, 2]) },
  },
  { op: 'BatchNormalization', inputs: [image, [6], [6], [6], float32s(1, 2, 3, 4, 5, 6)] },
  { op: 'InstanceNormalization', inputs: [image, [6], [6]] },
  { op: 'LayerNormalization', inputs: [image, [9, 8], [8]], attributes: { axis: int(2) }, outputs: 3 },
  { op: 'LRN', inputs: [image], attributes: { size: int(5) } },
  { op: 'Gemm', inputs: [[3, 4], [4, 5], [5]] },
  {
    op: 'Gemm',
    inputs: [
      [4, 3],
      [5, 4],
      [3, 1],
    ],
    attributes: { transA: int(1), transB: int(1), alpha: float(0.5) },
  },
  {
    op: 'MatMul',
    inputs: [
      [3, 1, 4, 5],
      [2, 5, 6],
    ],
  },
  { op: 'MatMul', inputs: [[5], [2, 5, 6]] },
  { op: 'MatMul', inputs: [[2, 4, 5], [5]] },
  { op: 'ArgMax', inputs: [image], attributes: { axis: int(1) } },
  { op: 'ArgMin', inputs: [image], attributes: { axis: int(-1), keepdims: int(0) } },
  { op: 'Concat', inputs: [image, [2, 1, 9, 8], [2, 3, 9, 8]], attributes: { axis: int(-3) } },
  { op: 'Split', inputs: [image, int64s([1, 2, 3])], attributes: { axis: int(1) }, outputs: 3 },
  { op: 'Split', inputs: [image], attributes: { axis: int(2), num_outputs: int(2) }, outputs: 2 },
  { op: 'Slice', inputs: [image, int64s([1, -3]), int64s([100, 2 ** 63]), int64s([1, 3])] },
  { op: 'Slice', inputs: [image, int64s([-1, 7]), int64s([-100, 0]), int64s([3, 2]), int64s([-1, -3])] },
  { op: 'Slice', inputs: [image, int64s([0, 2]), int64s([2, 5])] },
  { op: 'Gather', inputs: [image, int64s([2, -1])], attributes: { axis: int(1) } },
  { op: 'Gather', inputs: [image, createTensor('int64', [], [0])], attributes: { axis: int(-1) } },
  { op: 'Pad', inputs: [image, int64s([0, 0, 1, 2, 0, 0, 3, -1])] },
  {
    op: 'Pad',
    inputs: [image, int64s([1, 2, 3, 0]), undefined, int64s([-1, 2])],
    attributes: { mode: string('reflect') },
  },
  { op: 'Reshape', inputs: [image, int64s([0, 3, -1])] },
  { op: 'Flatten', inputs: [image], attributes: { axis: int(-1) } },
  { op: 'Flatten', inputs: [image], attributes: { axis: int(0) } },
  { op: 'Transpose', inputs: [image], attributes: { perm: ints([0, 2, 3, 1]) } },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1]] },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1], int64s([-1])] },
  { op: 'Unsqueeze', inputs: [[2, 3], int64s([-1, 0])] },
  { op: 'Expand', inputs: [[3, 1], int64s([2, 1, 4])] },
  { op: 'Tile', inputs: [[2, 3], int64s([2, 4])] },
  { op: 'DepthToSpace', inputs: [[2, 8, 3, 4]], attributes: { blocksize: int(2), mode: string('CRD') } },
  { op: 'SpaceToDepth', inputs: [[2, 3, 6, 4]], attributes: { blocksize: int(2) } },
  { op: 'Shape', inputs: [image], attributes: { start: int(-3), end: int(3) } },
  { op: 'Cast', inputs: [image], attributes: { to: int(7) } },
  { op: 'Constant', inputs: [], attributes: { value: tensor(float32s(1, 2)) } },
  { op: 'Constant', inputs: [], attributes: { value_int: int(3) } },
  { op: 'Constant', inputs: [], attributes: { value_floats: { kind: 'floats', value: [1, 2] } } },
  { op: 'ConstantOfShape', inputs: [int64s([2, 3])], attributes: { value: tensor(int64s([5])) } },
  { op: 'Range', inputs: [scalar(1), scalar(6), scalar(1.5)] },
  { op: 'Resize', inputs: [image, undefined, float32s(1, 1, 1.7, 0.6)] },
  {
    op: 'Resize',
    inputs: [image, undefined, undefined, int64s([5, 20])],
    attributes: { axes: ints([3, 2]), mode: string('linear') },
  },
];

function build({ op, inputs, attributes, outputs, type = 'float32' }: Case): {
  model: Model;
  feeds: Record<string, Tensor>;
} {
  const builder = new GraphBuilder('case');
  const feeds: Record<string, Tensor> = {};
  const names = inputs.map((input, i) => {
    if (!input) return '';
    if ('type' in input) return builder.constant(input, `c${i}`);
    feeds[`x${i}`] = randomTensor(input, i + 1, type);
    return builder.input(`x${i}`, type, input);
  });
  for (const output of builder.addAll(op, names, attributes, { outputs: outputs ?? 1 }))
    builder.output(output, type, []);
  const model = builder.build();
  checkModel(model);
  // Output types are part of what is to be found out; ONNX Runtime checks them against its own.
  const values = inferShapes(model);
  const declared = model.graph.outputs.map(({ name }) => ({ name, ...values.get(name)! }));
  return { model: { ...model, graph: { ...model.graph, outputs: declared } }, feeds };
}

describe('shapes of every operator', () => {
  test.each(cases.map((each, i) => [`${i} ${each.op}`, each] as const))(
    '%s is as ONNX Runtime makes it',
    async (_, each) => {
      const { model, feeds } = build(each);
      const values = inferShapes(model);
      const results = await run(model, feeds);
      for (const { name } of model.graph.outputs) {
        const { shape, type, constant } = values.get(name)!;
        expect(results[name].shape).toEqual(shape);
        expect(results[name].type).toBe(type);
        if (constant) expectClose(constant, results[name]);
      }
    },
  );

  test('no operator of the table is left out', () => {
    expect([...operators.keys()].filter((op) => !cases.some((each) => each.op === op))).toEqual([]);
  });
});

describe('constants computed as ONNX Runtime computes them', () => {
  const numbers = randomTensor([3, 4], 9);
  const wholes = createTensor('int64', [4], [7, -7, 3, 0]);
  const constant: Case[] = [
    ...['Sqrt', 'Exp', 'Log', 'Abs', 'Neg', 'Reciprocal', 'Floor', 'Ceil', 'Sign'].map((op) => ({
      op,
      inputs: [numbers],
    })),
    ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].map((op) => ({
      op,
      inputs: [numbers, float32s(1.5, -1, 2, 0.5)],
    })),
    ...['Add', 'Sub', 'Mul', 'Div', 'Equal'].map((op) => ({ op, inputs: [wholes, createTensor('int64', [1], [2])] })),
    { op: 'Pow', inputs: [float32s(1.5, 2, 3), scalar(2)] },
    { op: 'Transpose', inputs: [randomTensor([2, 3, 4])], attributes: { perm: ints([2, 0, 1]) } },
    { op: 'Gather', inputs: [randomTensor([2, 3, 4]), int64s([2, 0, -1])], attributes: { axis: int(1) } },
    { op: 'Slice', inputs: [randomTensor([5, 6]), int64s([4, 1]), int64s([0, 9]), int64s([0, 1]), int64s([-2, 2])] },
    { op: 'Concat', inputs: [randomTensor([2, 3]), randomTensor([2, 1], 2)], attributes: { axis: int(1) } },
    { op: 'Concat', inputs: [randomTensor([2, 3]), randomTensor([1, 3], 2)], attributes: { axis: int(0) } },
    { op: 'Split', inputs: [randomTensor([2, 5]), int64s([2, 3])], attributes: { axis: int(1) }, outputs: 2 },
    { op: 'Expand', inputs: [randomTensor([3, 1]), int64s([2, 1, 4])] },
    { op: 'Where', inputs: [createTensor('bool', [3, 1], [1, 0, 1]), numbers, scalar(9)] },
    { op: 'Cast', inputs: [numbers], attributes: { to: int(7) } },
    { op: 'Cast', inputs: [wholes], attributes: { to: int(9) } },
    { op: 'Not', inputs: [createTensor('bool', [2], [1, 0])] },
    { op: 'ReduceProd', inputs: [int64s([2, 3, 4])], attributes: { keepdims: int(0) } },
    { op: 'ReduceSum', inputs: [int64s([2, 3, 4])] },
  ];

  test.each(constant.map((each, i) => [`${i} ${each.op}`, each] as const))('%s', async (_, each) => {
    const { model } = build(each);
    const values = inferShapes(model);
    const results = await run(model, {});
    for (const { name } of model.graph.outputs) expectClose(values.get(name)!.constant!, results[name], 1e-6);
  });
});

describe('an open batch', () => {
  /** The shape that a node makes of `[N, 6, 9, 8]`, with more inputs that are constant. */
  function shapeOf(op: string, attributes: Case['attributes'], ...more: Tensor[]): readonly Dimension[] {
    const builder = new GraphBuilder('open');
    const x = builder.input('x', 'float32', ['N', 6, 9, 8]);
    const y = builder.add(op, [x, ...more.map((value) => builder.constant(value))], attributes);
    return inferShapes(builder.build()).get(y)!.shape;
  }

  test('stays open through every kind of operator', () => {
    expect(shapeOf('Conv', {}, randomTensor([4, 6, 3, 3]))).toEqual(['N', 4, 7, 6]);
    expect(shapeOf('Flatten', {})).toEqual(['N', 432]);
    expect(shapeOf('Reshape', {}, int64s([-1, 432]))).toEqual(['N', 432]);
    expect(shapeOf('Reshape', {}, int64s([0, 2, 3, -1]))).toEqual(['N', 2, 3, 72]);
    expect(shapeOf('Reshape', {}, int64s([-1, 8]))).toEqual(['54*N', 8]);
    expect(shapeOf('Transpose', { perm: ints([2, 3, 0, 1]) })).toEqual([9, 8, 'N', 6]);
    expect(shapeOf('Shape', {})).toEqual([4]);
    expect(shapeOf('Mul', {}, randomTensor([6, 1, 1]))).toEqual(['N', 6, 9, 8]);
  });

  test('a dimension may be a product', () => {
    expect(product([2, 'N', 3])).toBe('6*N');
    expect(product(['4*N', 'M', 2])).toBe('8*M*N');
    expect(quotient('6*N', 3)).toBe('2*N');
    expect(quotient('6*N', '2*N')).toBe(3);
    expect(quotient('6*N', 4)).toBeUndefined();
    expect(quotient(6, 'N')).toBeUndefined();
    expect(() => product([2 ** 40, 2 ** 40, 'N'])).toThrow(/too many/);
  });

  test.each([
    [
      'MaxPool',
      { kernel_shape: ints([10, 2]) },
      [],
      /MaxPool "pool" with input \[N, 6, 9, 8\]: the kernel takes 10 pixels .* only 9/,
    ],
    [
      'Conv',
      {},
      [randomTensor([4, 3, 3, 3])],
      /\[N, 6, 9, 8\], \[4, 3, 3, 3\]: the input has 6 channels .* made for 3/,
    ],
    ['Conv', { group: int(4) }, [randomTensor([4, 6, 3, 3])], /do not divide into 4 groups/],
    ['Reshape', {}, [int64s([-1, 500])], /432\*N elements cannot take the shape \[-1, 500\]/],
    ['Reshape', {}, [int64s([0, 0, 0, 0, 1, 0])], /there is no axis 5/],
    ['Add', {}, [randomTensor([7])], /cannot be broadcast/],
    ['Add', {}, [createTensor('int64', [1], [1])], /different types/],
    ['Softmax', { axis: int(4) }, [], /no axis 4/],
    ['Transpose', { perm: ints([0, 1, 1, 2]) }, [], /does not name each axis once/],
    ['Slice', {}, [int64s([0]), int64s([1]), int64s([0])], /known only when the network runs/],
    ['BatchNormalization', {}, [5, 6, 6, 6].map((size) => randomTensor([size])), /one value for each of 6 channels/],
    ['Resize', {}, [], /neither scales nor sizes/],
  ] as const)('%s that does not fit says why', (op, attributes, more, message) => {
    const builder = new GraphBuilder('wrong');
    const x = builder.input('x', 'float32', ['N', 6, 9, 8]);
    builder.add(op, [x, ...more.map((value) => builder.constant(value))], attributes, { name: 'pool' });
    expect(() => inferShapes(builder.build())).toThrow(expect.objectContaining({ name: 'EngineError' }));
    expect(() => inferShapes(builder.build())).toThrow(message);
  });

  test('a fully-connected layer at another input size', () => {
    const builder = new GraphBuilder('dense');
    const x = builder.input('x', 'float32', ['N', 6, 9, 8]);
    const weights = builder.constant(randomTensor([432, 3]));
    builder.add('Gemm', [builder.add('Flatten', [x]), weights], {}, { name: 'fc6' });
    const model = builder.build();
    expect(inferShapes(model).size).toBe(4);
    expect(() => inferShapes(model, { x: ['N', 6, 10, 8] })).toThrow(
      /Gemm "fc6" .*480 features .* made for 432.*one input size/,
    );
    expect(() => inferShapes(model, { y: [1] })).toThrow(/no input "y"; its inputs are: x/);
  });
});

test('multiply-adds are counted for one item', () => {
  const builder = new GraphBuilder('counted');
  const x = builder.input('x', 'float32', ['N', 6, 9, 8]);
  const conv = builder.add('Conv', [x, builder.constant(randomTensor([4, 3, 3, 3]))], {
    group: int(2),
    strides: ints([2, 2]),
  });
  const back = builder.add('ConvTranspose', [conv, builder.constant(randomTensor([4, 5, 2, 2]))]);
  const flat = builder.add('Flatten', [back]);
  const gemm = builder.add('Gemm', [flat, builder.constant(randomTensor([100, 7]))]);
  builder.add('MatMul', [gemm, builder.constant(randomTensor([7, 2]))]);
  const { graph } = builder.build();
  const values = inferShapes(builder.build());
  const counts = graph.nodes.map((node) => {
    const context = new NodeContext(
      node,
      node.inputs.map((name) => values.get(name)),
    );
    return operators.get(node.op)!.multiplyAdds?.(
      context,
      node.outputs.map((name) => values.get(name)!),
    );
  });
  expect(counts).toEqual([4 * 4 * 3 * 27, 4 * 4 * 3 * 20, undefined, 700, 14]);
});
