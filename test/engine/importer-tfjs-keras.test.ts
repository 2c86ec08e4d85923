import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTfjsModel } from '../../main/engine/importers/tfjs.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { runOnce } from '../support/tfjs.ts';

// Layers and forms that Keras writes and TensorFlow.js itself does not: expected values are worked out by hand.

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-keras-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Saves a sequential model of 2×2 pixels with three channels. */
async function save(
  layers: readonly { class_name: string; config: object }[],
  weights: readonly Weight[] = [],
  kerasVersion = '2.15.0',
): Promise<string> {
  const input = { class_name: 'InputLayer', config: { name: 'image', batch_shape: [null, 2, 2, 3] } };
  const named = layers.map((layer, i) => ({ ...layer, config: { name: `layer${i}`, ...layer.config } }));
  const config = { name: 'test', layers: [input, ...named] };
  await writeFile(
    path.join(folder, 'weights.bin'),
    Buffer.from(Float32Array.from(weights.flatMap((w) => w.values)).buffer),
  );
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const description = {
    format: 'layers-model',
    modelTopology: { keras_version: kerasVersion, model_config: { class_name: 'Sequential', config } },
    weightsManifest: [{ paths: ['weights.bin'], weights: manifest }],
  };
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(description));
  return folder;
}

/** Twelve values, channel by channel as the graph has them. */
const image = Float32Array.from([0, 51, 102, 255, -3, -1, 0, 3, 4, 5, 6, 7]);

async function run(place: string): Promise<number[]> {
  const { model } = await readTfjsModel(place);
  return [...(await runOnce(model, [1, 3, 2, 2], image))];
}

function expectValues(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 5);
}

const channel = (i: number): number => Math.floor(i / 4);

test('Rescaling with a scale and an offset for each channel', async () => {
  const config = { scale: [2, 0.5, 1], offset: [1, 0, -1] };
  const expected = [...image].map((x, i) => x * config.scale[channel(i)] + config.offset[channel(i)]);
  expectValues(await run(await save([{ class_name: 'Rescaling', config }])), expected);
});

test('Normalization, its statistics as weights or in the configuration', async () => {
  const mean = [10, 0, 5];
  const variance = [4, 0.25, 0];
  const expected = [...image].map((x, i) => (x - mean[channel(i)]) / Math.max(Math.sqrt(variance[channel(i)]), 1e-7));
  const weights = [
    { name: 'layer0/mean', shape: [3], values: mean },
    { name: 'layer0/variance', shape: [3], values: variance },
  ];
  const asWeights = await run(await save([{ class_name: 'Normalization', config: { axis: [-1] } }], weights));
  const asConfig = await run(await save([{ class_name: 'Normalization', config: { mean, variance } }]));
  for (const found of [asWeights, asConfig])
    for (const [i, value] of found.entries()) expect(value / expected[i] || 1).toBeCloseTo(1, 5);
});

test('hard_sigmoid changed its slope with Keras 3', async () => {
  const layer = { class_name: 'Activation', config: { activation: 'hard_sigmoid' } };
  const clip = (x: number): number => Math.min(Math.max(x, 0), 1);
  expectValues(
    await run(await save([layer], [], '2.15.0')),
    [...image].map((x) => clip(0.2 * x + 0.5)),
  );
  expectValues(
    await run(await save([layer], [], '3.4.1')),
    [...image].map((x) => clip(x / 6 + 0.5)),
  );
});

test('activations as objects, hard_swish, and LeakyReLU as Keras 3 writes them', async () => {
  const activation = { class_name: 'function', config: 'hard_silu' };
  const hardSwish = await run(await save([{ class_name: 'Activation', config: { activation } }]));
  expectValues(
    hardSwish,
    [...image].map((x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  );
  const leaky = await run(await save([{ class_name: 'LeakyReLU', config: { negative_slope: 0.1 } }]));
  expectValues(
    leaky,
    [...image].map((x) => (x < 0 ? 0.1 * x : x)),
  );
});

test('a depthwise weight that is plainly called kernel', async () => {
  const config = { kernel_size: [1, 1], depth_multiplier: 1, use_bias: false, padding: 'same', strides: [1, 1] };
  const weights = [{ name: 'layer0/kernel', shape: [1, 1, 3, 1], values: [1, 2, 3] }];
  const expected = [...image].map((x, i) => x * (channel(i) + 1));
  expectValues(await run(await save([{ class_name: 'DepthwiseConv2D', config }], weights)), expected);
});

test('global pooling that keeps its dimensions, a ReLU with a slope and a limit', async () => {
  const layers = [
    { class_name: 'ReLU', config: { max_value: 100, negative_slope: 0.5, threshold: 0 } },
    { class_name: 'GlobalAveragePooling2D', config: { keepdims: true } },
  ];
  const limited = [...image].map((x) => Math.min(x < 0 ? 0.5 * x : x, 100));
  const means = [0, 1, 2].map((c) => limited.slice(4 * c, 4 * c + 4).reduce((sum, x) => sum + x, 0) / 4);
  expectValues(await run(await save(layers)), means);
});

test('a network that rescales by itself takes pixels from 0 to 255', async () => {
  const weights = [{ name: 'layer1/kernel', shape: [1, 1, 3, 1], values: [1, 1, 1] }];
  const conv = { kernel_size: [1, 1], filters: 1, use_bias: false };
  const place = await save(
    [
      { class_name: 'Rescaling', config: { scale: 1 / 255 } },
      { class_name: 'Conv2D', config: conv },
    ],
    weights,
  );
  expect((await openNetwork(place)).preprocessing).toEqual({ ...scalings.raw, size: 2, layout: 'nchw' });
});

test('channels first is refused', async () => {
  const config = { kernel_size: [1, 1], filters: 1, data_format: 'channels_first' };
  await expect(readTfjsModel(await save([{ class_name: 'Conv2D', config }]))).rejects.toThrow(
    /"layer0" \(Conv2D\).*it keeps channels first/,
  );
});
