import { describe, expect, test } from 'vitest';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { findClassifier } from '../../main/engine/networks/classifier.ts';
import { findFreezePoint, findFreezePoints } from '../../main/engine/networks/freeze-points.ts';
import type { FreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { alexNet, NetworkBuilder } from '../support/networks.ts';

function pointsOf(model: Model): FreezePoint[] {
  const { model: normal, values } = normaliseModel(model);
  const end = findClassifier(normal.graph, values)?.input ?? normal.graph.outputs[0].name;
  return findFreezePoints(normal.graph, values, normal.graph.inputs[0].name, end);
}

/** `name: operator that makes the point's value [shape]`, one a point. */
function summary(model: Model): string[] {
  const { graph } = normaliseModel(model).model;
  return pointsOf(model).map(({ name, tensor, shape }) => {
    const maker = graph.nodes.find((node) => node.outputs.includes(tensor))!;
    return `${name}: ${maker.name} [${shape.join(', ')}]`;
  });
}

/** Made once: it holds 19 million weights. */
const alex = alexNet();

function classes(net: NetworkBuilder, features: string, count = 10): Model {
  const pooled = net.add('Flatten', 'flatten', [net.add('GlobalAveragePool', 'gap', [features])]);
  return net.model(net.dense('classes', pooled, net.channels(features), count), ['N', count]);
}

describe('freeze points', () => {
  test('AlexNet: after pooling, and after the ReLU of the fully-connected layers', () => {
    expect(summary(alex)).toEqual([
      'conv1: pool1 [16, 27, 27]',
      'conv2: pool2 [32, 13, 13]',
      'conv3: relu3 [48, 13, 13]',
      'conv4: relu4 [48, 13, 13]',
      'conv5: pool5 [16, 6, 6]',
      'fc6: relu6 [4096]',
      'fc7: relu7 [4096]',
    ]);
    const points = pointsOf(alex);
    expect(points.map(({ stride }) => stride)).toEqual([8, 16, 16, 16, 32, undefined, undefined]);
    expect(points.map(({ kind }) => kind)).toEqual([...Array<string>(5).fill('spatial'), 'vector', 'vector']);
    expect(points[0].parametersBefore).toBe(16 * 3 * 121 + 16);
    expect(points[0].multiplyAddsBefore).toBe(16 * 3 * 121 * 55 * 55);
    const grouped = 32 * 8 * 25;
    expect(points[1].parametersBefore - points[0].parametersBefore).toBe(grouped + 32);
    expect(points[1].multiplyAddsBefore - points[0].multiplyAddsBefore).toBe(grouped * 27 * 27);
    expect(points[5].parametersAfter).toBe(4096 * 4096 + 4096);
    expect(points[5].multiplyAddsAfter).toBe(4096 * 4096);
    expect(points[6]).toMatchObject({ index: 7, parametersAfter: 0, multiplyAddsAfter: 0 });
  });

  test('residual network: after the ReLU that follows the addition, named for the block', () => {
    const net = new NetworkBuilder();
    let value = net.relu('/relu/Relu', net.conv('/conv1/Conv', net.input(), 8, { stride: 2 }));
    value = net.pool('/maxpool/MaxPool', value);
    for (const [i, stride] of [1, 2].entries()) {
      const at = `/layer${i + 1}/layer${i + 1}.0`;
      let branch = net.relu(`${at}/relu/Relu`, net.conv(`${at}/conv1/Conv`, value, 8 * (i + 1), { stride }));
      branch = net.conv(`${at}/conv2/Conv`, branch, 8 * (i + 1));
      const shortcut =
        i === 0 ? value : net.conv(`${at}/downsample/downsample.0/Conv`, value, 16, { kernel: 1, stride });
      value = net.relu(`${at}/relu_1/Relu`, net.add('Add', `${at}/Add`, [branch, shortcut]));
    }
    expect(summary(classes(net, value))).toEqual([
      'conv1: /maxpool/MaxPool [8, 8, 8]',
      'layer1.0: /layer1/layer1.0/relu_1/Relu [8, 8, 8]',
      'layer2.0: /layer2/layer2.0/relu_1/Relu [16, 4, 4]',
    ]);
  });

  test('pre-activation residual network: the last point is after the last normalisation and ReLU', () => {
    const net = new NetworkBuilder();
    let value = net.conv('stem', net.input(), 8, { stride: 2 });
    for (const block of ['block1', 'block2']) {
      let branch = net.relu(`${block}_relu`, net.norm(`${block}_preact_bn`, value));
      branch = net.conv(`${block}_conv`, branch, 8);
      value = net.add('Add', `${block}_add`, [value, branch]);
    }
    value = net.relu('post_relu', net.norm('post_bn', value));
    expect(summary(classes(net, value))).toEqual([
      'stem: stem [8, 16, 16]',
      'block1: block1_add [8, 16, 16]',
      'block2: post_relu [8, 16, 16]',
    ]);
  });

  test('dense network: nothing carries everything within a dense block', () => {
    const net = new NetworkBuilder();
    let value = net.pool('pool0', net.relu('relu0', net.norm('norm0', net.conv('conv0', net.input(), 8))));
    for (const block of ['1', '2']) {
      const features = [value];
      for (const layer of ['1', '2', '3']) {
        const at = `/features/denseblock${block}/denselayer${layer}`;
        const joined = features.length > 1 ? net.concat(`${at}/Concat`, [...features]) : features[0];
        features.push(net.conv(`${at}/conv/Conv`, net.relu(`${at}/relu/Relu`, net.norm(`${at}/norm/BN`, joined)), 4));
      }
      value = net.concat(`/features/denseblock${block}/Concat`, features);
      value = net.relu(
        `/features/transition${block}/relu/Relu`,
        net.norm(`/features/transition${block}/norm/BN`, value),
      );
      if (block === '1')
        value = net.pool(
          '/features/transition1/pool',
          net.conv('/features/transition1/conv/Conv', value, 8),
          'AveragePool',
        );
    }
    expect(summary(classes(net, value))).toEqual([
      'conv0: pool0 [8, 16, 16]',
      'features/denseblock1: /features/transition1/relu/Relu [20, 16, 16]',
      'features/transition1/conv: /features/transition1/pool [8, 8, 8]',
      'features/denseblock2: /features/transition2/relu/Relu [20, 8, 8]',
    ]);
  });

  test('inception: after the branches join', () => {
    const net = new NetworkBuilder();
    let value = net.relu('conv1/relu', net.conv('conv1', net.input(), 8));
    for (const at of ['inception_3a', 'inception_3b']) {
      const pooled = net.add('MaxPool', `${at}/pool`, [value], {
        kernel_shape: ints([3, 3]),
        pads: ints([1, 1, 1, 1]),
      });
      value = net.concat(`${at}/output`, [
        net.relu(`${at}/relu_1x1`, net.conv(`${at}/1x1`, value, 4, { kernel: 1 })),
        net.conv(`${at}/3x3`, net.conv(`${at}/3x3_reduce`, value, 2, { kernel: 1 }), 4),
        net.conv(`${at}/pool_proj`, pooled, 2, { kernel: 1 }),
      ]);
    }
    value = net.pool('pool4', value);
    expect(summary(classes(net, value))).toEqual([
      'conv1: conv1/relu [8, 32, 32]',
      'inception_3a: inception_3a/output [10, 32, 32]',
      'inception_3b: pool4 [10, 16, 16]',
    ]);
  });

  test('MobileNet v3: the gate belongs to the convolution before it, and hidden units after pooling are a vector', () => {
    const net = new NetworkBuilder();
    let value = net.add('HardSwish', 'stem/act', [net.conv('stem', net.input(), 8, { stride: 2 })]);
    value = net.relu('dw/act', net.conv('dw', value, 8, { groups: 8, stride: 2 }));
    let gate = net.relu(
      'se/relu',
      net.conv('se/reduce', net.add('GlobalAveragePool', 'se/pool', [value]), 4, { kernel: 1 }),
    );
    gate = net.add('HardSigmoid', 'se/gate', [net.conv('se/expand', gate, 8, { kernel: 1 })]);
    value = net.add('Mul', 'se/mul', [value, gate]);
    value = net.norm('project/bn', net.conv('project', value, 12, { kernel: 1 }));
    const pooled = net.add('GlobalAveragePool', 'gap', [
      net.relu('last/act', net.conv('last', value, 24, { kernel: 1 })),
    ]);
    const hidden = net.add('HardSwish', 'hidden/act', [net.conv('hidden', pooled, 32, { kernel: 1 })]);
    const model = net.model(net.dense('classes', net.add('Flatten', 'flatten', [hidden]), 32, 5), ['N', 5]);
    expect(summary(model)).toEqual([
      'stem: stem/act [8, 16, 16]',
      'dw: se/mul [8, 8, 8]',
      'project: project/bn [12, 8, 8]',
      'last: last/act [24, 8, 8]',
      'hidden: hidden/act [32, 1, 1]',
    ]);
    expect(pointsOf(model).at(-1)).toMatchObject({ kind: 'vector', stride: undefined });
  });

  test('a transformer: tokens are no codes, the class token is', () => {
    const net = new NetworkBuilder();
    const patches = net.conv('patches', net.input(), 8, { kernel: 8, stride: 8, pad: 0 });
    let tokens = net.add('Transpose', 'tokens', [net.reshape('rows', patches, [0, 8, 16])], { perm: ints([0, 2, 1]) });
    tokens = net.add('Add', 'positions', [tokens, net.weights([1, 16, 8])]);
    const mixed = net.add('MatMul', 'mlp', [tokens, net.weights([8, 8])]);
    tokens = net.add('Add', 'residual', [tokens, mixed]);
    const first = net.builder.constant({ type: 'int64', shape: [], data: new BigInt64Array([0n]) }, 'first');
    const token = net.add('Gather', 'class_token', [tokens, first], { axis: int(1) });
    const model = net.model(net.dense('classes', token, 8, 5), ['N', 5]);
    expect(summary(model)).toEqual(['patches: patches [8, 4, 4]', 'mlp: class_token [8]']);
  });

  test('are found by name, value, number or "last"; an unknown one is answered with the list', () => {
    const points = pointsOf(alex);
    expect(findFreezePoint(points, 'fc6').index).toBe(6);
    expect(findFreezePoint(points, points[5].tensor).index).toBe(6);
    expect(findFreezePoint(points, 6).name).toBe('fc6');
    expect(findFreezePoint(points, '1').name).toBe('conv1');
    expect(findFreezePoint(points, 'last').name).toBe('fc7');
    expect(() => findFreezePoint(points, 'fc8')).toThrow(
      'no freeze point "fc8". It has: 1 conv1, 2 conv2, 3 conv3, 4 conv4, 5 conv5, 6 fc6, 7 fc7;',
    );
    expect(() => findFreezePoint(points, 8)).toThrow('no freeze point "8"');
  });

  test('names are unique', () => {
    const net = new NetworkBuilder();
    let value = net.input();
    // Nodes of names that differ, and that read the same.
    for (const [relu, conv] of [
      ['relu', 'conv'],
      ['/relu/Relu', '/conv/Conv'],
      ['relu/', 'conv/'],
    ])
      value = net.relu(relu, net.conv(conv, value, 4));
    expect(new Set(pointsOf(classes(net, value)).map(({ name }) => name)).size).toBe(3);
  });
});

describe('the classifier', () => {
  function classifierOf(model: Model) {
    const { model: normal, values } = normaliseModel(model);
    return findClassifier(normal.graph, values);
  }

  test('is the last fully-connected layer', () => {
    expect(classifierOf(alex)).toMatchObject({ name: 'fc8', classes: 10 });
  });

  test('is a 1×1 convolution on pooled values, whatever reshaping follows', () => {
    const net = new NetworkBuilder();
    const pooled = net.add('GlobalAveragePool', 'gap', [net.relu('relu', net.conv('conv', net.input(), 8))]);
    const scores = net.add('Softmax', 'softmax', [net.conv('preds', pooled, 7, { kernel: 1 })], { axis: int(1) });
    const model = net.model(net.reshape('reshape', scores, [0, 7]), ['N', 7]);
    expect(classifierOf(model)).toMatchObject({ name: 'preds', input: pooled, classes: 7 });
    expect(pointsOf(model).map(({ name }) => name)).toEqual(['conv']);
  });

  test('is a matrix product with a bias added', () => {
    const net = new NetworkBuilder();
    const pooled = net.add('Flatten', 'flatten', [
      net.add('GlobalAveragePool', 'gap', [net.conv('conv', net.input(), 8)]),
    ]);
    const product = net.add('MatMul', 'fc', [pooled, net.weights([8, 4])]);
    const model = net.model(net.add('Add', 'bias', [product, net.weights([4])]), ['N', 4]);
    expect(classifierOf(model)).toMatchObject({ name: 'fc', classes: 4 });
  });

  test('SqueezeNet averages it afterwards', () => {
    for (const [softmax, count] of [
      [true, 5],
      [false, 1000],
    ] as const) {
      const net = new NetworkBuilder();
      const fire = net.relu('fire/relu', net.conv('fire', net.input(), 8));
      const scores = net.add('GlobalAveragePool', 'pool10', [
        net.relu('relu10', net.conv('conv10', fire, count, { kernel: 1 })),
      ]);
      const flat = net.add('Flatten', 'flatten', [scores]);
      const model = net.model(softmax ? net.add('Softmax', 'prob', [flat], { axis: int(1) }) : flat, ['N', count]);
      expect(classifierOf(model)).toMatchObject({ name: 'conv10', input: fire, classes: count });
    }
  });

  test('a headless trunk has none: spatial, or pooled', () => {
    const spatial = new NetworkBuilder();
    const end = spatial.relu('relu', spatial.conv('conv', spatial.input(), 8, { kernel: 1 }));
    expect(classifierOf(spatial.model(end, ['N', 8, 32, 32]))).toBeUndefined();
    const pooled = new NetworkBuilder();
    const features = pooled.relu('relu', pooled.conv('conv', pooled.input(), 8, { kernel: 1 }));
    const flat = pooled.add('Flatten', 'flatten', [pooled.add('GlobalAveragePool', 'gap', [features])]);
    const model = pooled.model(flat, ['N', 8]);
    expect(classifierOf(model)).toBeUndefined();
    expect(summary(model)).toEqual(['conv: relu [8, 32, 32]']);
  });

  test('is chosen among several outputs', () => {
    const net = new NetworkBuilder();
    const features = net.relu('relu', net.conv('conv', net.input(), 8));
    const aux = net.dense(
      'aux',
      net.add('Flatten', 'aux_flatten', [net.add('GlobalAveragePool', 'aux_gap', [features])]),
      8,
      3,
    );
    net.builder.output(aux, 'float32', ['N', 3]);
    const model = classes(net, net.relu('relu2', net.conv('conv2', features, 8)), 6);
    expect(classifierOf(model)).toMatchObject({ name: 'classes', classes: 6 });
  });
});
