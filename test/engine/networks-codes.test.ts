import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeModel } from '../../main/engine/graph/write.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import {
  appendHead,
  buildCodesModel,
  buildNetworkModel,
  codesLength,
  codesOutput,
} from '../../main/engine/networks/codes-graph.ts';
import type { CodesRequest, Pooling } from '../../main/engine/networks/codes-graph.ts';
import { findFreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import type { Network } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import type { Scaling } from '../../main/engine/networks/preprocessing.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { createTensor } from '../../main/engine/graph/tensors.ts';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { alexNet, NetworkBuilder, randomNumbers } from '../support/networks.ts';

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

const poolings: readonly Pooling[] = ['avg', 'avg+max', 'pyramid'];

function randomPixels(n: number, size: number): Uint8Array {
  const random = randomNumbers(n * size);
  return Uint8Array.from({ length: n * size * size * 3 }, () => Math.floor((random() + 1) * 128));
}

type Outputs = Record<string, { shape: readonly number[]; data: Float32Array }>;

async function runPixels(model: Model, n: number, size: number): Promise<Outputs> {
  const session = await createSession(writeModel(model));
  const data = randomPixels(n, size);
  const outputs = await session.run({ pixels: { type: 'uint8', shape: [n, size, size, 3], data } });
  await session.release();
  return outputs as Outputs;
}

/** A trunk of one convolution of the identity, so that its point holds the preprocessed pixels themselves. */
function identity(size: number, layout: 'nchw' | 'nhwc' = 'nchw'): Model {
  const net = new NetworkBuilder();
  const first = net.input(layout === 'nchw' ? ['N', 3, size, size] : ['N', size, size, 3]);
  const image = layout === 'nchw' ? first : net.add('Transpose', 'transpose', [first], { perm: ints([0, 3, 1, 2]) });
  const weights = net.builder.constant(createTensor('float32', [3, 3, 1, 1], [1, 0, 0, 0, 1, 0, 0, 0, 1]), 'identity');
  const output = net.add('Conv', 'conv1', [image, weights], { kernel_shape: ints([1, 1]) });
  return net.model(output, ['N', 3, size, size]);
}

/** Preprocessed pixels [n, 3, size, size], by the formula of the contract. */
function preprocessed(scaling: Scaling, n: number, size: number): Float32Array {
  const { range, mean, deviation, channels } = scaling;
  const pixels = randomPixels(n, size);
  const result = new Float32Array(pixels.length);
  let at = 0;
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < 3; channel++)
      for (let pixel = 0; pixel < size * size; pixel++) {
        const source = channels === 'rgb' ? channel : 2 - channel;
        const value = pixels[(image * size * size + pixel) * 3 + source];
        result[at++] = ((value / 255) * (range[1] - range[0]) + range[0] - mean[channel]) / deviation[channel];
      }
  return result;
}

/** Codes of [n, channels, size, size], in plain loops: the regions of the pyramid are PyTorch's adaptive ones. */
function pooled(values: Float32Array, n: number, channels: number, size: number, pooling: Pooling): number[] {
  const region = (image: number, channel: number, part?: [number, number]): number[] => {
    const [row, column] = part ?? [0, 0];
    const parts = part ? 2 : 1;
    const found: number[] = [];
    for (let y = Math.floor((row * size) / parts); y < Math.ceil(((row + 1) * size) / parts); y++)
      for (let x = Math.floor((column * size) / parts); x < Math.ceil(((column + 1) * size) / parts); x++)
        found.push(values[((image * channels + channel) * size + y) * size + x]);
    return found;
  };
  const mean = (list: number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const all = Array.from({ length: channels }, (_, channel) => channel);
  return Array.from({ length: n }, (_, image) => {
    if (pooling === 'pyramid') {
      const cells: [number, number][] = [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ];
      return all.flatMap((channel) => cells.map((cell) => mean(region(image, channel, cell))));
    }
    const means = all.map((channel) => mean(region(image, channel)));
    return pooling === 'avg' ? means : [...means, ...all.map((channel) => Math.max(...region(image, channel)))];
  }).flat();
}

function expectClose(found: Float32Array, expected: ArrayLike<number>, tolerance = 1e-4): void {
  expect(found.length).toBe(expected.length);
  const worst = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  expect(worst).toBeLessThan(tolerance);
}

describe('CNN codes', () => {
  for (const layout of ['nchw', 'nhwc'] as const)
    for (const [name, scaling] of Object.entries(scalings))
      test(`the preprocessing "${name}" lies inside the graph, ${layout}`, async () => {
        const network = await openNetwork(await saved(identity(8, layout)), { preprocessing: scaling });
        expect(network.preprocessing).toEqual({ ...scaling, size: 8, layout });
        const request: CodesRequest = { point: network.freezePoints[0], pooling: 'avg+max' };
        const output = (await runPixels(buildCodesModel(network, [request]), 2, 8))[codesOutput(request)];
        expectClose(output.data, pooled(preprocessed(scaling, 2, 8), 2, 3, 8, 'avg+max'), 1e-3);
      });

  for (const size of [2, 3, 7, 8, 9])
    test(`poolings of ${size} × ${size} values`, async () => {
      const network = await openNetwork(await saved(identity(size)), { preprocessing: scalings.tf });
      const requests = poolings.map((pooling) => ({ point: network.freezePoints[0], pooling }));
      const outputs = await runPixels(buildCodesModel(network, requests), 2, size);
      for (const request of requests) {
        const { shape, data } = outputs[codesOutput(request)];
        expect(shape).toEqual([2, codesLength(request)]);
        expectClose(data, pooled(preprocessed(scalings.tf, 2, size), 2, 3, size, request.pooling));
      }
    });

  test('a side of one value is in both parts of the pyramid', async () => {
    const net = new NetworkBuilder();
    const image = net.input(['N', 3, 8, 8]);
    const weights = net.weights([4, 3, 8, 2]);
    const row = net.add('Conv', 'row', [image, weights], { kernel_shape: ints([8, 2]), strides: ints([1, 2]) });
    const network = await openNetwork(await saved(net.model(row, ['N', 4, 1, 4])), { preprocessing: scalings.tf });
    const [point] = network.freezePoints;
    expect(point.shape).toEqual([4, 1, 4]);
    const requests = [{ point, pooling: 'pyramid' } as const, { point, pooling: 'avg' } as const];
    const outputs = await runPixels(buildCodesModel(network, requests), 1, 8);
    const pyramid = outputs['codes/row/pyramid'].data;
    for (const [channel, mean] of outputs['codes/row/avg'].data.entries()) {
      const [a, b, c, d] = pyramid.subarray(4 * channel, 4 * channel + 4);
      expect([c, d]).toEqual([a, b]);
      expect((a + b) / 2).toBeCloseTo(mean, 5);
    }
  });

  test('all points in one pass, the rest of the network left out', async () => {
    const net = new NetworkBuilder();
    const first = net.relu('relu1', net.conv('conv1', net.input(['N', 3, 16, 16]), 8, { stride: 2 }));
    const second = net.relu('relu2', net.conv('conv2', first, 12, { stride: 2 }));
    const third = net.relu('relu3', net.conv('conv3', second, 16));
    const network = await openNetwork(await saved(net.model(third, ['N', 16, 4, 4])), {
      preprocessing: scalings.torch,
    });
    const points = network.freezePoints;
    const some = buildCodesModel(
      network,
      points.slice(0, 2).map((point) => ({ point, pooling: 'avg' as const })),
    );
    expect(some.graph.nodes.filter((node) => node.op === 'Conv')).toHaveLength(2);
    expect([...some.graph.initializers.keys()].filter((name) => name.startsWith('weights'))).toHaveLength(4);
    const together = await runPixels(some, 3, 16);
    for (const point of points.slice(0, 2)) {
      const request = { point, pooling: 'avg' } as const;
      const alone = await runPixels(buildCodesModel(network, [request]), 3, 16);
      expectClose(alone[codesOutput(request)].data, together[codesOutput(request)].data, 1e-6);
    }
  });

  test('need a preprocessing that is known', async () => {
    const network = await openNetwork(await saved(identity(8)));
    expect(network.preprocessing).toBeUndefined();
    expect(() => buildCodesModel(network, [{ point: network.freezePoints[0], pooling: 'avg' }])).toThrow(
      /network\.onnx: how pixels become this network's input is not known. Give its preprocessing/,
    );
  });
});

describe('an AlexNet-shaped network', () => {
  let network: Network;
  beforeAll(async () => {
    network = await openNetwork(await saved(alexNet(1), 'alexnet'), { preprocessing: scalings.caffe });
  });

  test('gives codes of 4096 values after the ReLU at fc6 and fc7', async () => {
    const requests = ['fc6', 'fc7'].map((name) => ({
      point: findFreezePoint(network.freezePoints, name),
      pooling: 'avg' as const,
    }));
    const codes = await runPixels(buildCodesModel(network, requests), 3, 227);
    // The values before the ReLU, from the same graph asked for them.
    const bare = buildNetworkModel(network);
    const fc = ['fc6', 'fc7'].map((name) => bare.graph.nodes.find((node) => node.name === name)!.outputs[0]);
    const outputs = fc.map((name) => ({ name, type: 'float32', shape: ['N', 4096] }) as const);
    const before = await runPixels({ ...bare, graph: { ...bare.graph, outputs } }, 3, 227);
    for (const [i, request] of requests.entries()) {
      const { shape, data } = codes[codesOutput(request)];
      expect(shape).toEqual([3, 4096]);
      const unrectified = before[fc[i]].data;
      expect(unrectified.some((value) => value < 0)).toBe(true);
      expectClose(
        data,
        unrectified.map((value) => Math.max(value, 0)),
      );
      // Three images, three different codes.
      expect(data.subarray(0, 4096)).not.toEqual(data.subarray(4096, 8192));
    }
  });

  test('runs as a whole', async () => {
    const output = (await runPixels(buildNetworkModel(network), 2, 227))[network.output];
    expect(output.shape).toEqual([2, 10]);
    expect(output.data.subarray(0, 10).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  });

  test('says why it does not work at another size', async () => {
    await expect(openNetwork(network.path, { size: 160 })).rejects.toThrow(
      /alexnet\.onnx: the network does not work at 160 pixels. fc6 expects 576 values; at 160 pixels it would get 144. Use 227 pixels./,
    );
  });
});

describe('a head', () => {
  function head(length: number, classes: number): Model {
    const builder = new GraphBuilder('head');
    const codes = builder.input('codes', 'float32', ['N', length]);
    const random = randomNumbers(5);
    const weights = createTensor('float32', [length, classes], Array.from({ length: length * classes }, random));
    // Names that the network uses as well.
    const scores = builder.add('MatMul', [codes, builder.constant(weights, 'weights')], {}, { name: 'conv1' });
    builder.add('Softmax', [scores], { axis: int(1) }, { name: 'softmax', outputs: ['probabilities'] });
    builder.output('probabilities', 'float32', ['N', classes]);
    return builder.build({
      metadata: { 'parfocal.classes': '["a","b"]', 'parfocal.preprocessing': JSON.stringify(scalings.unit) },
    });
  }

  async function smallNetwork(): Promise<Network> {
    const net = new NetworkBuilder();
    const value = net.relu('relu1', net.conv('conv1', net.input(['N', 3, 12, 12]), 8, { stride: 2 }));
    const model = net.model(value, ['N', 8, 6, 6]);
    return openNetwork(await saved({ ...model, metadata: { author: 'x' } }), { preprocessing: scalings.unit });
  }

  test('on the codes makes one model from pixels to probabilities', async () => {
    const network = await smallNetwork();
    const request = { point: network.freezePoints[0], pooling: 'avg+max' } as const;
    const codes = buildCodesModel(network, [request]);
    const joined = appendHead(codes, head(16, 2));
    expect(joined.graph.outputs.map(({ name }) => name)).toEqual(['probabilities']);
    expect(joined.metadata).toMatchObject({ 'parfocal.classes': '["a","b"]' });
    const found = (await runPixels(joined, 4, 12)).probabilities;
    const features = (await runPixels(codes, 4, 12))[codesOutput(request)].data;
    const session = await createSession(writeModel(head(16, 2)));
    const expected = await session.run({ codes: { type: 'float32', shape: [4, 16], data: features } });
    expectClose(found.data, expected.probabilities.data as Float32Array, 1e-6);
  });

  test('can be opened again as a network', async () => {
    const network = await smallNetwork();
    const point = network.freezePoints[0];
    const joined = appendHead(buildCodesModel(network, [{ point, pooling: 'avg' }]), head(8, 2));
    const reopened = await openNetwork(await saved(joined, 'exported'));
    expect(reopened).toMatchObject({ size: 12, classifier: { classes: 2 } });
    expect(reopened.preprocessing).toEqual({ ...scalings.raw, size: 12, layout: 'nhwc' });
    expect(reopened.freezePoints.map(({ name }) => name)).toHaveLength(1);
    const again = await runPixels(buildNetworkModel(reopened), 3, 12);
    expectClose(again.probabilities.data, (await runPixels(joined, 3, 12)).probabilities.data, 1e-6);
  });

  test('must fit the codes', async () => {
    const network = await smallNetwork();
    const codes = buildCodesModel(network, [{ point: network.freezePoints[0], pooling: 'avg' }]);
    expect(() => appendHead(codes, head(16, 2))).toThrow(/\[N, 8\].*which is to take it, is float32 \[N, 16\]/);
  });
});
