import { describe, expect, test } from 'vitest';
import { float, int, ints } from '../../main/engine/graph/attributes.ts';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import { readModel } from '../../main/engine/graph/read.ts';
import { createTensor, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { expectSameOutput, randomTensor } from '../support/graphs.ts';
import { alexNet, NetworkBuilder } from '../support/networks.ts';

const opsOf = (model: Model): string[] => model.graph.nodes.map(({ op }) => op);

/** The last layers of most networks, and the finished model. */
function classify(net: NetworkBuilder, value: string, batch: number | string): Model {
  const pooled = net.add('Flatten', 'flatten', [net.add('GlobalAveragePool', 'gap', [value])]);
  return net.model(net.dense('classes', pooled, net.channels(value), 5), [batch, 5]);
}

function resNet(): Model {
  const net = new NetworkBuilder();
  let value = net.relu('relu', net.norm('norm', net.conv('conv', net.input([1, 3, 32, 32]), 8, { stride: 2 })));
  for (const [name, stride] of [
    ['a', 1],
    ['b', 2],
  ] as const) {
    const inner = net.relu(
      `${name}.relu1`,
      net.norm(`${name}.norm1`, net.conv(`${name}.conv1`, value, 16, { stride })),
    );
    const outer = net.norm(`${name}.norm2`, net.conv(`${name}.conv2`, inner, 16));
    const shortcut = net.conv(`${name}.shortcut`, value, 16, { kernel: 1, stride });
    value = net.relu(`${name}.relu2`, net.add('Add', `${name}.add`, [outer, shortcut]));
  }
  return classify(net, value, 1);
}

function denseNet(): Model {
  const net = new NetworkBuilder();
  const parts = [net.conv('conv', net.input(['batch', 3, 16, 16]), 8)];
  for (const name of ['a', 'b', 'c']) {
    const joined = net.concat(`${name}.concat`, parts);
    parts.push(net.conv(`${name}.conv`, net.relu(`${name}.relu`, net.norm(`${name}.norm`, joined)), 4));
  }
  return classify(net, net.pool('transition', net.concat('concat', parts), 'AveragePool'), 'batch');
}

/** Branches, and average pooling with padding that does not count, and that rounds up. */
function inception(): Model {
  const net = new NetworkBuilder();
  const value = net.relu('relu', net.conv('stem', net.input([1, 3, 19, 19]), 8, { stride: 2, pad: 0 }));
  const pool = { kernel_shape: ints([3, 3]), strides: ints([1, 1]), pads: ints([1, 1, 1, 1]) };
  const branches = [
    net.conv('b1', value, 4, { kernel: 1 }),
    net.conv('b3', net.conv('b3.reduce', value, 4, { kernel: 1 }), 6),
    net.conv('b5', value, 4, { kernel: 5 }),
    net.conv('proj', net.add('AveragePool', 'bpool', [value], { ...pool, count_include_pad: int(0) }), 4, {
      kernel: 1,
    }),
  ];
  const down = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: int(1) };
  return classify(net, net.add('MaxPool', 'down', [net.concat('mixed', branches)], down), 1);
}

/** Channels shuffled by Reshape and Transpose, as exporters write it for a batch of one. */
function shuffleNet(batch: number | string, size = 16): Model {
  const net = new NetworkBuilder();
  const value = net.conv('stem', net.input([batch, 3, size, size]), 12);
  const left = typeof batch === 'number' ? batch : -1;
  const grouped = net.reshape('group', net.conv('g', value, 12, { kernel: 1, groups: 3 }), [left, 3, 4, size, size]);
  const shuffled = net.add('Transpose', 'shuffle', [grouped], { perm: ints([0, 2, 1, 3, 4]) });
  const back = net.reshape('ungroup', shuffled, [left, 12, size, size]);
  return classify(net, net.conv('depthwise', back, 12, { groups: 12, stride: 2 }), batch);
}

/** Squeeze and excitation, hard sigmoid and hard swish; the pooled value flattened by a shape subgraph. */
function mobileNetV3(batch: number | string): Model {
  const net = new NetworkBuilder();
  const swish = (name: string, x: string): string => net.add('HardSwish', name, [x]);
  let value = swish(
    'stem.act',
    net.norm('stem.norm', net.conv('stem', net.input([batch, 3, 32, 32]), 8, { stride: 2 })),
  );
  value = swish('expand.act', net.conv('expand', value, 24, { kernel: 1 }));
  value = net.relu('dw.act', net.conv('dw', value, 24, { kernel: 5, groups: 24, stride: 2 }));
  const squeezed = net.relu(
    'se.relu',
    net.conv('se.reduce', net.add('GlobalAveragePool', 'se.pool', [value]), 8, { kernel: 1 }),
  );
  const gate = net.add('HardSigmoid', 'se.gate', [net.conv('se.expand', squeezed, 24, { kernel: 1 })], {
    alpha: float(1 / 6),
  });
  value = net.conv('project', net.add('Mul', 'se.scale', [gate, value]), 16, { kernel: 1 });
  const pooled = net.add('GlobalAveragePool', 'gap', [value]);
  const count = net.builder.add('Gather', [
    net.builder.add('Shape', [pooled]),
    net.builder.constant(createTensor('int64', [], [0])),
  ]);
  const zero = net.builder.constant(int64s([0]));
  const target = [net.builder.add('Unsqueeze', [count, zero]), net.builder.constant(int64s([-1]))];
  const flat = net.add('Reshape', 'flat', [pooled, net.builder.add('Concat', target, { axis: int(0) })]);
  return net.model(net.add('Softmax', 'prob', [net.dense('classes', flat, 16, 5)], { axis: int(1) }), [batch, 5]);
}

/**
 * A vision transformer of one block: 16 patches and a class token, four heads. The token is repeated for a batch of one, as a trace
 * does it, or by the size of the batch.
 */
function visionTransformer(batch: number | string, heads: 'per item' | 'merged'): Model {
  const net = new NetworkBuilder();
  const { builder } = net;
  const vector = (name: string, x: string): string =>
    net.add('LayerNormalization', name, [x, net.weights([16]), net.weights([16])], { axis: int(-1) });
  const linear = (name: string, x: string, from: number, to: number): string =>
    net.add('Add', `${name}.bias`, [net.add('MatMul', name, [x, net.weights([from, to], 3)]), net.weights([to])]);
  const left = typeof batch === 'number' ? batch : -1;
  const patches = net.conv('patches', net.input([batch, 3, 16, 16]), 16, { kernel: 4, stride: 4, pad: 0 });
  const tokens = net.add('Transpose', 'tokens', [net.reshape('rows', patches, [left, 16, 16])], {
    perm: ints([0, 2, 1]),
  });
  const one = builder.constant(randomTensor([1, 1, 16], 4), 'token');
  const count =
    typeof batch === 'number'
      ? builder.constant(int64s([batch, 1, 16]))
      : builder.add(
          'Concat',
          [builder.add('Shape', [tokens], { start: int(0), end: int(1) }), builder.constant(int64s([1, 16]))],
          { axis: int(0) },
        );
  const joined = net.add('Concat', 'join', [builder.add('Expand', [one, count]), tokens], { axis: int(1) });
  const start = net.add('Add', 'place', [joined, builder.constant(randomTensor([1, 17, 16], 5))]);
  const [q, k, v] = net.builder.addAll(
    'Split',
    [linear('qkv', vector('norm1', start), 16, 48)],
    { axis: int(2), num_outputs: int(3) },
    { outputs: 3 },
  );
  const split = (name: string, x: string): string => {
    const each = net.builder.add(
      'Transpose',
      [net.builder.add('Reshape', [x, builder.constant(int64s([left, 17, 4, 4]))])],
      { perm: ints([0, 2, 1, 3]) },
    );
    if (heads === 'per item') return each;
    const merged = typeof batch === 'number' ? 4 * batch : -1;
    return net.builder.add('Reshape', [each, builder.constant(int64s([merged, 17, 4]))], {}, { name });
  };
  const last = heads === 'merged' ? [0, 2, 1] : [0, 1, 3, 2];
  const keys = net.builder.add('Transpose', [split('keys', k)], { perm: ints(last) });
  const scores = net.builder.add('Mul', [
    net.builder.add('MatMul', [split('queries', q), keys]),
    builder.constant(scalar(0.5)),
  ]);
  let mixed = net.builder.add('MatMul', [net.builder.add('Softmax', [scores], { axis: int(-1) }), split('values', v)]);
  if (heads === 'merged') mixed = net.builder.add('Reshape', [mixed, builder.constant(int64s([left, 4, 17, 4]))]);
  mixed = net.builder.add('Transpose', [mixed], { perm: ints([0, 2, 1, 3]) });
  mixed = net.builder.add('Reshape', [mixed, builder.constant(int64s([left, 17, 16]))]);
  const attended = net.add('Add', 'residual', [linear('project', mixed, 16, 16), start]);
  const first = net.builder.add(
    'Gather',
    [vector('norm2', attended), builder.constant(createTensor('int64', [], [0]))],
    { axis: int(1) },
  );
  return net.model(net.dense('classes', first, 16, 5), [batch, 5]);
}

/** Made once: it holds 19 million weights. */
const alex = alexNet(1);

describe('networks of the usual families, normalised, give what they gave', () => {
  test.each([
    ['ResNet', resNet(), 32],
    ['DenseNet', denseNet(), 16],
    ['Inception', inception(), 19],
    ['ShuffleNet', shuffleNet('batch'), 16],
    ['ShuffleNet, made for one image', shuffleNet(1), 16],
    ['ShuffleNet, made for two images', shuffleNet(2), 16],
    ['MobileNetV3', mobileNetV3('batch'), 32],
    ['MobileNetV3, made for one image', mobileNetV3(1), 32],
    ['vision transformer', visionTransformer('batch', 'per item'), 16],
    ['vision transformer, made for one image', visionTransformer(1, 'per item'), 16],
    ['vision transformer, heads merged', visionTransformer('batch', 'merged'), 16],
    ['vision transformer, heads merged, made for one image', visionTransformer(1, 'merged'), 16],
  ])('%s', async (_, original, size) => {
    const read = await readModel(writeModel(original), { name: 'network.onnx' });
    const { model, values } = normaliseModel(read);
    const batch = original.graph.inputs[0].shape[0];
    await expectSameOutput(original, model, randomTensor([typeof batch === 'number' ? batch : 2, 3, size, size]), 1e-4);
    expect(model.graph.inputs[0].shape).toEqual(['N', 3, size, size]);
    expect(model.graph.outputs[0].shape).toEqual(['N', 5]);
    // What was normalised stays as it is.
    expect(normaliseModel(model).model).toEqual(model);
    for (const node of model.graph.nodes) for (const output of node.outputs) expect(values.has(output)).toBe(true);
  });

  test('AlexNet: 4096 values behind the ReLU of each fully-connected layer', async () => {
    const { model, values } = normaliseModel(alex);
    expect(opsOf(model)).not.toContain('Dropout');
    const sized = model.graph.nodes.filter(
      ({ op, outputs }) => op === 'Relu' && values.get(outputs[0])!.shape[1] === 4096,
    );
    expect(sized.map(({ name }) => name)).toEqual(['relu6', 'relu7']);
    await expectSameOutput(alex, model, randomTensor([1, 3, 227, 227]), 1e-4);
  });
});

describe('folding', () => {
  test('leaves nothing of a shape subgraph but a constant target', () => {
    const { graph } = normaliseModel(mobileNetV3('batch')).model;
    expect(
      graph.nodes.map(({ op }) => op).filter((op) => ['Shape', 'Gather', 'Concat', 'Unsqueeze'].includes(op)),
    ).toEqual([]);
    const reshape = graph.nodes.find(({ op }) => op === 'Reshape')!;
    expect([...graph.initializers.get(reshape.inputs[1])!.data]).toEqual([0n, 16n]);
  });

  test('prepares weights: they are constants of the layers that use them', () => {
    const net = new NetworkBuilder();
    const pooled = net.add('Flatten', 'flatten', [
      net.add('GlobalAveragePool', 'gap', [net.conv('conv', net.input(), 8)]),
    ]);
    const weights = net.builder.add('Transpose', [net.weights([5, 8])], { perm: ints([1, 0]) });
    const doubled = net.builder.add('Mul', [weights, net.builder.constant(scalar(2))]);
    const made = net.model(net.add('MatMul', 'classes', [pooled, net.builder.add('Identity', [doubled])]), ['N', 5]);
    const { graph } = normaliseModel(made).model;
    expect(opsOf({ ...made, graph })).toEqual(['Conv', 'GlobalAveragePool', 'Flatten', 'MatMul']);
    expect(graph.initializers.get(graph.nodes[3].inputs[1])!.shape).toEqual([8, 5]);
    expect(graph.initializers.size).toBe(3);
  });

  test.each(['computed', 'made for one image'])('opens a Resize to any batch: its sizes are %s', async (kind) => {
    const net = new NetworkBuilder();
    const { builder } = net;
    const input = net.input([kind === 'computed' ? 'batch' : 1, 3, 16, 16]);
    const start = builder.add('Shape', [input], { end: int(2) });
    const computed = (): string => builder.add('Concat', [start, builder.constant(int64s([20, 24]))], { axis: int(0) });
    const sizes = kind === 'computed' ? computed() : builder.constant(int64s([1, 3, 20, 24]));
    const made = net.model(net.add('Resize', 'resize', [input, '', '', sizes]), [1, 3, 20, 24]);
    const { model } = normaliseModel(made);
    expect(opsOf(model)).toEqual(['Resize']);
    expect(model.graph.outputs[0].shape).toEqual(['N', 3, 20, 24]);
    await expectSameOutput(made, model, randomTensor([1, 3, 16, 16]));
  });

  test('takes out what no output depends on, and keeps the names of inputs and outputs', () => {
    const net = new NetworkBuilder();
    const kept = net.relu('kept', net.input());
    net.relu('dead', net.conv('unused', kept, 4));
    const made = net.model(net.add('Identity', 'end', [net.add('Dropout', 'drop', [kept])]), ['N', 3, 32, 32]);
    const { graph } = normaliseModel(made).model;
    expect(graph.nodes.map(({ name }) => name)).toEqual(['kept', 'end']);
    expect(graph.initializers.size).toBe(0);
    expect(graph.outputs.map(({ name }) => name)).toEqual(made.graph.outputs.map(({ name }) => name));
  });
});

describe('another input size', () => {
  test('works where the architecture allows it', async () => {
    const original = mobileNetV3('batch');
    const { model, values } = normaliseModel(original, { inputShape: [3, 50, 41] });
    expect(values.get(model.graph.nodes[0].outputs[0])!.shape).toEqual(['N', 8, 25, 21]);
    await expectSameOutput(
      { ...original, graph: { ...original.graph, inputs: model.graph.inputs } },
      model,
      randomTensor([2, 3, 50, 41]),
      1e-4,
    );
  });

  test('is refused where it does not, and the node says why', () => {
    expect(() => normaliseModel(alex, { inputShape: [3, 300, 300] })).toThrow(
      /Reshape "flatten".*1024 elements|Gemm "fc6"/,
    );
    expect(() => normaliseModel(alex, { inputShape: [3, 40, 40] })).toThrow(
      /MaxPool "pool5" with input .*the kernel takes 3 pixels .* only 1/,
    );
    expect(() => normaliseModel(shuffleNet(1), { inputShape: [3, 20, 20] })).toThrow(
      /Reshape "group".*works at that size only/,
    );
    expect(() => normaliseModel(resNet(), { inputShape: [1, 32, 32] })).toThrow(
      /Conv "conv".*has 1 channels but .* made for 3/,
    );
    expect(() => normaliseModel(resNet(), { inputShape: [32, 32] })).toThrow(/"input" has the shape \[1, 3, 32, 32\]/);
  });

  test('must be chosen where the file leaves it open', () => {
    const open = shuffleNet('batch');
    const graph = { ...open.graph, inputs: [{ ...open.graph.inputs[0], shape: ['batch', 3, 'height', 'width'] }] };
    expect(() => normaliseModel({ ...open, graph })).toThrow(/leaves the size of the input "input" open/);
    expect(normaliseModel({ ...open, graph }, { inputShape: [3, 16, 16] }).model.graph.outputs[0].shape).toEqual([
      'N',
      5,
    ]);
  });

  test('a network with two inputs, or one whose output is not one row an item, is refused', () => {
    const net = new NetworkBuilder();
    const sum = net.add('ReduceSum', 'all', [net.input()], { keepdims: int(0) });
    expect(() => normaliseModel(net.model(sum, []))).toThrow(
      /"all_out" has the shape \[\]; its first dimension must be the batch/,
    );
    net.builder.input('second', 'float32', ['N', 1]);
    expect(() => normaliseModel(net.builder.build())).toThrow(/2 inputs \(input, second\)/);
  });
});
