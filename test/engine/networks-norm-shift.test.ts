import { describe, expect, it } from 'vitest';
import { foldNormalisation } from '../../main/engine/graph/fold-norm.ts';
import { createTensor } from '../../main/engine/graph/tensors.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import {
  buildNormStatisticsModel,
  findNormLayers,
  type NormLayer,
  normShift,
} from '../../main/engine/networks/norm-shift.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { workshop } from '../support/core.ts';
import { NetworkBuilder } from '../support/networks.ts';

const work = workshop();

const layer = (mean: number[], variance: number[]): NormLayer => ({
  name: 'bn',
  point: 'conv1',
  tensor: 'x',
  rank: 4,
  mean,
  variance,
});

describe('the domain shift of a layer', () => {
  it('is [(μt − μs)² + (σt − σs)²] / σs², the median over channels', () => {
    // Channel 1: means 3 apart, σs 2, σt 1: (9 + 1) / 4. Channel 2: the same data. Channel 3: σs 1, σt 3: 4.
    const distance = [3, 0, 0];
    const square = [9 + 1, 5, 9];
    expect(normShift(layer([0, 7, 0], [4, 5, 1]), distance, square)).toBeCloseTo(2.5, 12);
    expect(normShift(layer([0, 7], [4, 5]), distance, square)).toBeCloseTo(1.25, 12);
  });

  it('is not ruled by a channel that is dead', () => {
    expect(normShift(layer([0, 0, 0], [0, 1, 1]), [1, 0.1, 0.1], [1, 1.01, 1.01])).toBeCloseTo(0.01, 12);
    expect(normShift(layer([0], [0]), [0], [0])).toBe(0);
  });
});

/** Two convolutions with BatchNormalization, the second block with two of them; with a classifier. */
function network(norms = true) {
  const net = new NetworkBuilder();
  const norm = (name: string, from: string) => (norms ? net.norm(name, from) : from);
  let value = net.relu('relu1', norm('bn1', net.conv('conv1', net.input(), 4, { stride: 2 })));
  const left = norm('bn2a', net.conv('conv2a', value, 6));
  const right = norm('bn2b', net.conv('conv2b', value, 6));
  value = net.relu('relu2', net.add('Add', 'sum', [left, right]));
  value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 6]);
  return net.model(net.dense('fc', value, 6, 3), ['N', 3]);
}

async function open(name: string, model: ReturnType<typeof network>) {
  return openNetwork(work.write(name, writeModel(model)), {
    size: 32,
    preprocessing: { range: [0, 1], mean: [0, 0, 0], deviation: [1, 1, 1], channels: 'rgb' },
  });
}

describe('the layers that can be compared', () => {
  it('are those with running statistics, each in the block of the first freeze point after it', async () => {
    const opened = await open('norms.onnx', network());
    const layers = findNormLayers(opened);
    expect(layers.map(({ name }) => name)).toEqual(['bn1', 'bn2a', 'bn2b']);
    expect(layers.map(({ point }) => opened.freezePoints.findIndex(({ name }) => name === point))).toEqual([0, 1, 1]);
  });

  it('are none where BatchNormalization was folded away, or never was', async () => {
    expect(findNormLayers(await open('without.onnx', network(false)))).toEqual([]);
    const { model } = await open('norms.onnx', network());
    expect(findNormLayers(await open('folded.onnx', foldNormalisation(model)))).toEqual([]);
  });

  it('give the statistics of what they normalise', async () => {
    const opened = await open('norms.onnx', network());
    const layers = findNormLayers(opened);
    const { graph } = opened.model;
    const session = await createSession(writeModel(buildNormStatisticsModel(opened, layers)));
    // What the layers themselves take, from the same network with those values as outputs.
    const outputs = layers.map(({ tensor: name }) => ({ name, ...opened.values.get(name)! }));
    const plain = await createSession(writeModel({ ...opened.model, graph: { ...graph, outputs } }));
    const pixels = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, at) => (at * 2654435761) >>> 24);
    const found = await session.run({ pixels: { type: 'uint8', shape: [2, 32, 32, 3], data: pixels } });
    const input = new Float32Array(pixels.length);
    for (let at = 0; at < pixels.length; at++) {
      const [image, pixel, channel] = [Math.floor(at / 3072), Math.floor((at % 3072) / 3), at % 3];
      input[image * 3072 + channel * 1024 + pixel] = pixels[at] / 255;
    }
    const taken = await plain.run({ [opened.input]: createTensor('float32', [2, 3, 32, 32], input) });
    for (const [index, { tensor, mean }] of layers.entries()) {
      const values = taken[tensor].data as Float32Array;
      const [distance, square] = [0, 1].map((at) => found[session.outputNames[2 * index + at]].data as Float32Array);
      const area = values.length / distance.length;
      for (let at = 0; at < distance.length; at++) {
        const own = [...values.subarray(at * area, (at + 1) * area)].map((value) => value - mean[at % mean.length]);
        expect(distance[at]).toBeCloseTo(own.reduce((a, b) => a + b) / area, 4);
        expect(square[at]).toBeCloseTo(own.reduce((a, b) => a + b * b, 0) / area, 3);
      }
    }
    await Promise.all([session.release(), plain.release()]);
  });
});
