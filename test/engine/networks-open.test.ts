import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { createTensor, scalar } from '../../main/engine/graph/tensors.ts';
import type { Dimension, Model } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { buildNetworkModel } from '../../main/engine/networks/codes-graph.ts';
import { metadataKeys } from '../../main/engine/networks/metadata.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { buildStep } from '../../main/engine/training/training-graph.ts';
import { denseNet, denseNetOfCaffe2 } from '../support/families.ts';
import { NetworkBuilder } from '../support/networks.ts';
import { layers, saveTfjs } from '../support/tfjs.ts';
import { requestFor } from '../support/training.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-networks-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function saved(model: Model, name = 'network'): Promise<string> {
  const file = path.join(folder, `${name}.onnx`);
  await writeFile(file, writeModel(model));
  return file;
}

interface Drawing {
  readonly input?: readonly Dimension[];
  readonly pool?: 'global' | 'window';
}

/** Two convolutions, stride 8 in all, an average over the 4 × 4 values of 32 pixels, four classes. */
function convolutional({ input = ['N', 3, 32, 32], pool = 'global' }: Drawing = {}): Model {
  const net = new NetworkBuilder();
  let value = net.relu('relu1', net.conv('conv1', net.input(input), 8, { stride: 4 }));
  value = net.relu('relu2', net.conv('conv2', value, 8, { stride: 2 }));
  value =
    pool === 'global' ? net.add('GlobalAveragePool', 'pool', [value]) : net.pool('pool', value, 'AveragePool', 4, 1);
  value = net.reshape('flatten', value, [input[0] === 1 ? 1 : -1, 8]);
  return net.model(net.dense('classes', value, 8, 4), [input[0], 4]);
}

async function scores(file: string, size: number): Promise<Float32Array> {
  const network = await openNetwork(file, { size, preprocessing: scalings.unit });
  const session = await createSession(writeModel(buildNetworkModel(network)));
  const data = Uint8Array.from({ length: 2 * size * size * 3 }, (_, i) => (i * 37) % 251);
  const output = await session.run({ pixels: { type: 'uint8', shape: [2, size, size, 3], data } });
  await session.release();
  return output[network.output].data as Float32Array;
}

describe('input sizes', () => {
  test('the declared one, and others', async () => {
    const file = await saved(convolutional());
    const declared = await openNetwork(file);
    expect(declared).toMatchObject({ name: 'network', size: 32, pretrainedSize: 32 });
    expect(declared.freezePoints.map(({ shape }) => shape)).toEqual([
      [8, 8, 8],
      [8, 4, 4],
    ]);
    const larger = await openNetwork(file, { size: 50 });
    expect(larger).toMatchObject({ size: 50, pretrainedSize: 32 });
    expect(larger.freezePoints.map(({ shape }) => shape)).toEqual([
      [8, 13, 13],
      [8, 7, 7],
    ]);
    expect(larger.parameters).toBe(declared.parameters);
    expect(larger.multiplyAdds).toBeGreaterThan(declared.multiplyAdds);
  });

  test('a batch of one that is written into the file holds back nothing', async () => {
    const fixed = await saved(convolutional({ input: [1, 3, 32, 32] }), 'fixed');
    const open = await saved(convolutional(), 'open');
    expect(await scores(fixed, 32)).toEqual(await scores(open, 32));
  });

  test('an average over the whole image stays one at other sizes, when it is written as a window', async () => {
    const window = await saved(convolutional({ pool: 'window' }), 'window');
    const global = await saved(convolutional(), 'global');
    for (const size of [24, 32, 56]) {
      const [found, expected] = [await scores(window, size), await scores(global, size)];
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 5);
    }
  });

  test('an average over the image and its padding, which it does not count', async () => {
    const net = new NetworkBuilder();
    const value = net.conv('conv', net.input(['N', 3, 12, 12]), 8, { stride: 2 });
    const window = { kernel_shape: ints([7, 7]), pads: ints([0, 0, 1, 1]) };
    const pooled = net.add('Flatten', 'flatten', [net.add('AveragePool', 'pool', [value], window)]);
    const file = await saved(net.model(net.dense('classes', pooled, 8, 4), ['N', 4]));
    expect((await openNetwork(file, { size: 20 })).freezePoints[0].shape).toEqual([8, 10, 10]);
    expect(await scores(file, 20)).toHaveLength(8);
  });

  test('a channel shuffle that holds the sizes of one input size', async () => {
    const shuffled = (size: number): Model => {
      const net = new NetworkBuilder();
      const value = net.conv('conv1', net.input([1, 3, size, size]), 8, { stride: 2 });
      const side = Math.ceil(size / 2);
      const groups = net.reshape('split', value, [1, 2, 4, side, side]);
      const turned = net.add('Transpose', 'turn', [groups], { perm: ints([0, 2, 1, 3, 4]) });
      const conv = net.conv('conv2', net.reshape('join', turned, [1, 8, side, side]), 8, { groups: 2 });
      const pooled = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [conv]), [1, 8]);
      return net.model(net.dense('classes', pooled, 8, 4), [1, 4]);
    };
    const small = await saved(shuffled(16), 'small');
    const large = await saved(shuffled(30), 'large');
    expect(await scores(small, 30)).toEqual(await scores(large, 30));
  });

  test('an open size must be given', async () => {
    const file = await saved(convolutional({ input: ['N', 3, 'height', 'width'] }));
    await expect(openNetwork(file)).rejects.toThrow(/network\.onnx: the network does not say its input size/);
    expect(await openNetwork(file, { size: 40 })).toMatchObject({ size: 40, pretrainedSize: undefined });
  });

  test('that are too small, or no size', async () => {
    const net = new NetworkBuilder();
    const conv = net.conv('conv', net.input(), 4, { kernel: 11, pad: 0 });
    const file = await saved(net.model(conv, ['N', 4, 22, 22]));
    await expect(openNetwork(file, { size: 8 })).rejects.toThrow(
      /does not work at 8 pixels\. Conv "conv".*kernel takes 11 pixels.*Use 32 pixels\./,
    );
    await expect(openNetwork(file, { size: 0 })).rejects.toThrow('0 is not an input size');
    await expect(openNetwork(file, { size: 20.5 })).rejects.toThrow('20.5 is not an input size');
  });
});

describe('inputs', () => {
  test('channels last', async () => {
    const net = new NetworkBuilder();
    const image = net.add('Transpose', 'transpose', [net.input(['N', 16, 16, 3])], { perm: ints([0, 3, 1, 2]) });
    const file = await saved(net.model(net.conv('conv', image, 4), ['N', 4, 16, 16]));
    const network = await openNetwork(file, { preprocessing: scalings.tf });
    expect(network.preprocessing).toEqual({ ...scalings.tf, size: 16, layout: 'nhwc' });
    expect(network.freezePoints.map(({ shape }) => shape)).toEqual([[4, 16, 16]]);
  });

  test('that are no image are refused', async () => {
    const grey = new NetworkBuilder();
    grey.input(['N', 1, 16, 16]);
    const greyFile = await saved(grey.model(grey.relu('relu', 'input'), ['N', 1, 16, 16]));
    await expect(openNetwork(greyFile)).rejects.toThrow(/input "input" is float32 \[N, 1, 16, 16\]; one for images/);
    const two = new NetworkBuilder();
    const other = two.builder.input('other', 'float32', ['N', 3, 8, 8]);
    const sum = two.add('Add', 'add', [two.input(['N', 3, 8, 8]), other]);
    await expect(openNetwork(await saved(two.model(sum, ['N', 3, 8, 8])))).rejects.toThrow(/takes 2 inputs/);
  });

  test('a network without weights has no codes', async () => {
    const net = new NetworkBuilder();
    const file = await saved(net.model(net.relu('relu', net.input()), ['N', 3, 32, 32]));
    await expect(openNetwork(file)).rejects.toThrow(/no place was found where CNN codes can be taken/);
  });
});

describe('files', () => {
  test('that are missing, or neither ONNX nor TF.js', async () => {
    await expect(openNetwork(path.join(folder, 'none.onnx'))).rejects.toThrow(/none\.onnx.*cannot be read/);
    await expect(openNetwork(path.join(folder, 'none.json'))).rejects.toThrow(/none\.json: there is no such file/);
    await writeFile(path.join(folder, 'text.onnx'), 'This is no network.');
    await expect(openNetwork(path.join(folder, 'text.onnx'))).rejects.toThrow(/text\.onnx: .*not an ONNX file/);
  });

  test('a TF.js folder, or its model.json, at its own or another size', async () => {
    const place = path.join(folder, 'keras-net');
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          inputShape: [16, 16, 3],
          name: 'c1',
        }),
        layers.layers.reLU({ name: 'c1_relu' }),
        layers.layers.globalAveragePooling2d({}),
        layers.layers.dense({ units: 3, activation: 'softmax', name: 'classes' }),
      ],
    });
    await saveTfjs(model, place);
    const network = await openNetwork(place);
    expect(network).toMatchObject({ name: 'keras-net', size: 16, classifier: { name: 'classes', classes: 3 } });
    expect(network.freezePoints).toMatchObject([{ name: 'c1', shape: [4, 8, 8], stride: 2 }]);
    const other = await openNetwork(path.join(place, 'model.json'), { size: 21 });
    expect(other).toMatchObject({ name: 'keras-net', size: 21, pretrainedSize: 16 });
    expect(other.freezePoints[0].shape).toEqual([4, 11, 11]);
  });
});

describe('preprocessing is recognised', () => {
  const trunk = (draw: (net: NetworkBuilder, image: string) => string = (_, image) => image): Model => {
    const net = new NetworkBuilder();
    return net.model(net.conv('conv', draw(net, net.input()), 4), ['N', 4, 32, 32]);
  };

  async function recognised(model: Model) {
    const { preprocessing, preprocessingReason } = await openNetwork(await saved(model));
    return { preprocessing, preprocessingReason };
  }

  test('from the metadata that our own files carry', async () => {
    const metadata = { [metadataKeys.preprocessing]: JSON.stringify(scalings.caffe) };
    const { preprocessing, preprocessingReason } = await recognised({ ...trunk(), metadata });
    expect(preprocessing).toEqual({ ...scalings.caffe, size: 32, layout: 'nchw' });
    expect(preprocessingReason).toBe('the file says it');
  });

  test('not from metadata that make no sense', async () => {
    for (const text of ['{', '{"range":[0,1]}', 'null', JSON.stringify({ ...scalings.tf, deviation: [0, 1, 1] })]) {
      const metadata = { [metadataKeys.preprocessing]: text };
      expect((await recognised({ ...trunk(), metadata })).preprocessing).toBeUndefined();
    }
  });

  test('from a first operation that scales pixels', async () => {
    for (const [op, factor] of [
      ['Mul', 1 / 255],
      ['Mul', 1 / 127.5],
      ['Div', 255],
    ] as const) {
      const model = trunk((net, image) =>
        net.add(op, 'scale', [image, net.builder.constant(scalar(factor), 'factor')]),
      );
      expect((await recognised(model)).preprocessing).toMatchObject(scalings.raw);
    }
  });

  test('not from one that could mean anything', async () => {
    const byChannel = trunk((net, image) => {
      const means = net.builder.constant(createTensor('float32', [1, 3, 1, 1], [0.5, 0.4, 0.3]), 'means');
      return net.add('Sub', 'centre', [image, means]);
    });
    expect((await recognised(byChannel)).preprocessing).toBeUndefined();
    const doubled = trunk((net, image) => net.add('Mul', 'scale', [image, net.builder.constant(scalar(2), 'two')]));
    expect((await recognised(doubled)).preprocessing).toBeUndefined();
    expect((await recognised(trunk())).preprocessing).toBeUndefined();
  });

  test('from the layers of a known family, and the person knows better', async () => {
    const names = ['conv1', 'conv_dw_1', 'conv_pw_1', 'conv_pw_2'];
    const net = new NetworkBuilder();
    let value = net.input();
    for (const name of names) value = net.conv(name, value, 4);
    const file = await saved(net.model(value, ['N', 4, 32, 32]));
    const network = await openNetwork(file);
    expect(network.preprocessing).toMatchObject(scalings.tf);
    expect(network.preprocessingReason).toMatch(/MobileNet v1/);
    const told = await openNetwork(file, { preprocessing: scalings.torch });
    expect(told.preprocessing).toMatchObject(scalings.torch);
    expect(told.preprocessingReason).toBeUndefined();
  });
});

test('older operator sets are opened', async () => {
  const net = new NetworkBuilder();
  const conv = net.relu('relu', net.conv('conv', net.input([1, 3, 16, 16]), 4));
  const flat = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [conv]), [1, 4]);
  const scored = net.add('Softmax', 'prob', [net.dense('classes', net.add('Dropout', 'drop', [flat]), 4, 3)], {
    axis: int(1),
  });
  const file = await saved({ ...net.model(scored, [1, 3]), opset: 8 });
  const network = await openNetwork(file, { preprocessing: scalings.tf });
  expect(network).toMatchObject({ size: 16, classifier: { name: 'classes', classes: 3 } });
  expect(await scores(file, 16)).toHaveLength(6);
});

test('DenseNet as the ONNX Model Zoo has it, by way of Caffe2, is cut where any DenseNet is, and trained', async () => {
  const plain = await openNetwork(await saved(denseNet(), 'dense'), { preprocessing: scalings.torch });
  const network = await openNetwork(await saved(denseNetOfCaffe2(), 'dense-caffe2'), { preprocessing: scalings.caffe });
  expect(network.classifier).toMatchObject({ name: 'fc6', classes: 1000 });
  expect(network.freezePoints.map(({ shape }) => shape)).toEqual(plain.freezePoints.map(({ shape }) => shape));
  const whole = requestFor(network, undefined);
  expect(buildStep(whole).state.length).toBeGreaterThan(3 * 121);
  // A factor and a summand more for each of its normalisations.
  const norms = network.model.graph.nodes.filter(({ op }) => op === 'BatchNormalization').length;
  const own = requestFor(plain, undefined).parameters.length;
  expect(norms).toBe(121);
  expect(whole.parameters.length - own).toBe(2 * norms);
});
