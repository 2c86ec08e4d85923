import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTfjsModel } from '../../main/engine/importers/tfjs.ts';
import { activations, layers, randomImages, randomise, runOnce, saveTfjs, tf } from '../support/tfjs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-tfjs-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Model = layers.LayersModel;

let saved = 0;

/** The largest difference between TF.js' own output and ours, on two random images. */
async function difference(model: Model, size: number, channels = 3): Promise<number> {
  randomise(model);
  const place = path.join(folder, String(++saved));
  await saveTfjs(model, place);
  const imported = await readTfjsModel(place, { size });
  const { nhwc, nchw } = randomImages(2, size, channels);
  let expected = model.predict(nhwc) as tf.Tensor;
  if (expected.rank === 4) expected = tf.transpose(expected, [0, 3, 1, 2]);
  const found = await runOnce(imported.model, [2, channels, size, size], nchw);
  const values = expected.dataSync();
  expect(found.length).toBe(values.length);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - values[i])), 0);
}

const conv = (filters: number, args: Partial<Parameters<typeof layers.layers.conv2d>[0]> = {}) =>
  layers.layers.conv2d({ filters, kernelSize: 3, ...args });

const inputShape = (size: number | null): (number | null)[] => [size, size, 3];

describe('the same output as TensorFlow.js', () => {
  for (const size of [8, 9, 11, 14])
    test(`"same" padding at stride 2, ${size} pixels`, async () => {
      const model = layers.sequential({
        layers: [
          conv(4, { padding: 'same', strides: 2, inputShape: inputShape(size) }),
          layers.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', strides: 2 }),
          layers.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
        ],
      });
      expect(await difference(model, size)).toBeLessThan(1e-4);
    });

  for (const size of [8, 13])
    test(`average pooling does not count padding, ${size} pixels`, async () => {
      const model = layers.sequential({
        layers: [
          layers.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same', inputShape: inputShape(size) }),
          layers.layers.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        ],
      });
      expect(await difference(model, size)).toBeLessThan(1e-4);
    });

  test('other kernels, strides and dilations', async () => {
    const model = layers.sequential({
      layers: [
        conv(5, { kernelSize: [5, 2], strides: [2, 1], padding: 'same', inputShape: inputShape(13) }),
        conv(4, { kernelSize: 3, dilationRate: 2, padding: 'same', useBias: false }),
        conv(3, { kernelSize: [1, 3], padding: 'valid', activation: 'tanh' }),
      ],
    });
    expect(await difference(model, 13)).toBeLessThan(1e-4);
  });

  test('separable and depthwise convolutions with a multiplier', async () => {
    const model = layers.sequential({
      layers: [
        layers.layers.separableConv2d({
          filters: 6,
          kernelSize: 3,
          depthMultiplier: 2,
          strides: 2,
          padding: 'same',
          activation: 'relu',
          inputShape: inputShape(10),
        }),
        layers.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3, padding: 'valid' }),
      ],
    });
    expect(await difference(model, 10)).toBeLessThan(1e-4);
  });

  test('BatchNormalization with and without centre and scale, after convolutions and after dense layers', async () => {
    const model = layers.sequential({
      layers: [
        conv(4, { inputShape: inputShape(6) }),
        layers.layers.batchNormalization({ epsilon: 0.01 }),
        conv(4, { padding: 'same' }),
        layers.layers.batchNormalization({ center: false }),
        conv(4, { padding: 'same' }),
        layers.layers.batchNormalization({ scale: false }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 5 }),
        layers.layers.batchNormalization(),
      ],
    });
    expect(await difference(model, 6)).toBeLessThan(1e-4);
  });

  test('a dense layer after Flatten takes height, width, channels', async () => {
    const model = layers.sequential({
      layers: [
        conv(4, { inputShape: inputShape(7) }),
        layers.layers.flatten(),
        layers.layers.dropout({ rate: 0.5 }),
        layers.layers.dense({ units: 6, activation: 'relu' }),
        layers.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    expect(await difference(model, 7)).toBeLessThan(1e-4);
  });

  test('dense layers and softmax over the channels of an image', async () => {
    const model = layers.sequential({
      layers: [
        layers.layers.dense({ units: 4, activation: 'relu', inputShape: inputShape(5) }),
        layers.layers.dense({ units: 3, useBias: false }),
        layers.layers.softmax({ axis: -1 }),
      ],
    });
    expect(await difference(model, 5)).toBeLessThan(1e-4);
  });

  test('reshaping keeps the order of Keras', async () => {
    const model = layers.sequential({
      layers: [
        conv(4, { inputShape: inputShape(8) }),
        layers.layers.reshape({ targetShape: [9, 2, 8] }),
        conv(3, { kernelSize: 2 }),
        layers.layers.permute({ dims: [3, 1, 2] }),
        layers.layers.reshape({ targetShape: [-1, 4] }),
        layers.layers.dense({ units: 2 }),
        layers.layers.reshape({ targetShape: [1, 1, 12] }),
        conv(2, { kernelSize: 1 }),
        layers.layers.reshape({ targetShape: [2] }),
      ],
    });
    expect(await difference(model, 8)).toBeLessThan(1e-4);
  });

  for (const activation of [...activations, 'linear'] as const)
    test(`the activation ${activation}, in a layer and on its own`, async () => {
      const model = layers.sequential({
        layers: [conv(4, { activation, inputShape: inputShape(5) }), layers.layers.activation({ activation })],
      });
      expect(await difference(model, 5)).toBeLessThan(1e-4);
    });

  test('activation layers', async () => {
    const model = layers.sequential({
      layers: [
        layers.layers.reLU({ maxValue: 1.5, inputShape: inputShape(6) }),
        conv(4),
        layers.layers.leakyReLU({ alpha: 0.2 }),
        conv(4, { padding: 'same' }),
        layers.layers.prelu({ sharedAxes: [1, 2] }),
        conv(4, { padding: 'same' }),
        layers.layers.prelu(),
        conv(4, { padding: 'same' }),
        layers.layers.elu(),
        conv(4, { padding: 'same' }),
        layers.layers.reLU(),
      ],
    });
    expect(await difference(model, 6)).toBeLessThan(1e-4);
  });

  test('padding, cropping and global pooling', async () => {
    const image = layers.input({ shape: inputShape(9) });
    const padded = layers.layers
      .zeroPadding2d({
        padding: [
          [0, 1],
          [2, 3],
        ],
      })
      .apply(image);
    const cropped = layers.layers
      .cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      })
      .apply(padded);
    const values = conv(4).apply(cropped) as layers.SymbolicTensor;
    const mean = layers.layers.globalAveragePooling2d({}).apply(values) as layers.SymbolicTensor;
    const most = layers.layers.globalMaxPooling2d({}).apply(values) as layers.SymbolicTensor;
    const output = layers.layers.concatenate().apply([mean, most]) as layers.SymbolicTensor;
    expect(await difference(layers.model({ inputs: image, outputs: output }), 9)).toBeLessThan(1e-4);
  });

  test('rescaling', async () => {
    const model = layers.sequential({
      layers: [layers.layers.rescaling({ scale: 0.5, offset: -1, inputShape: inputShape(4) }), conv(2)],
    });
    expect(await difference(model, 4)).toBeLessThan(1e-4);
  });

  test('branches that join, by elements and on each axis', async () => {
    const image = layers.input({ shape: inputShape(8) });
    const branch = () => conv(3, { padding: 'same' }).apply(image) as layers.SymbolicTensor;
    const merged = [
      layers.layers.add().apply([branch(), branch(), branch()]),
      layers.layers.multiply().apply([branch(), branch()]),
      layers.layers.average().apply([branch(), branch(), branch()]),
      layers.layers.maximum().apply([branch(), branch()]),
      layers.layers.minimum().apply([branch(), branch()]),
    ] as layers.SymbolicTensor[];
    const channels = layers.layers.concatenate({ axis: -1 }).apply(merged) as layers.SymbolicTensor;
    const rows = layers.layers.concatenate({ axis: 1 }).apply([channels, channels]) as layers.SymbolicTensor;
    const columns = layers.layers.concatenate({ axis: 2 }).apply([rows, rows]) as layers.SymbolicTensor;
    expect(await difference(layers.model({ inputs: image, outputs: columns }), 8)).toBeLessThan(1e-4);
  });

  test('a gate that scales the channels', async () => {
    const image = layers.input({ shape: inputShape(6) });
    const values = conv(4).apply(image) as layers.SymbolicTensor;
    const pooled = layers.layers.globalAveragePooling2d({}).apply(values) as layers.SymbolicTensor;
    const one = layers.layers.reshape({ targetShape: [1, 1, 4] }).apply(pooled) as layers.SymbolicTensor;
    const gate = conv(4, { kernelSize: 1, activation: 'hardSigmoid' }).apply(one) as layers.SymbolicTensor;
    const output = layers.layers.multiply().apply([values, gate]) as layers.SymbolicTensor;
    expect(await difference(layers.model({ inputs: image, outputs: output }), 6)).toBeLessThan(1e-4);
  });

  test('a layer that is applied twice keeps its weights once', async () => {
    const image = layers.input({ shape: inputShape(6) });
    const shared = conv(3, { padding: 'same' });
    const once = shared.apply(image) as layers.SymbolicTensor;
    const output = layers.layers
      .add()
      .apply([shared.apply(once) as layers.SymbolicTensor, once]) as layers.SymbolicTensor;
    const model = layers.model({ inputs: image, outputs: output });
    expect(await difference(model, 6)).toBeLessThan(1e-4);
    const { model: imported } = await readTfjsModel(path.join(folder, String(saved)));
    expect(imported.graph.initializers.size).toBe(2);
  });

  test('models within models, as Teachable Machine writes them', async () => {
    const image = layers.input({ shape: inputShape(9) });
    const stem = conv(4, { strides: 2, padding: 'same' }).apply(image) as layers.SymbolicTensor;
    const joined = layers.layers
      .add()
      .apply([stem, conv(4, { padding: 'same' }).apply(stem) as layers.SymbolicTensor]) as layers.SymbolicTensor;
    const trunk = layers.model({ inputs: image, outputs: joined });
    const features = layers.sequential({ layers: [trunk, layers.layers.globalAveragePooling2d({})] });
    const head = layers.sequential({
      layers: [
        layers.layers.dense({ units: 5, activation: 'relu', inputShape: [4] }),
        layers.layers.dense({ units: 2, activation: 'softmax' }),
      ],
    });
    expect(await difference(layers.sequential({ layers: [features, head] }), 9)).toBeLessThan(1e-4);
  });

  test('a model as a layer of a functional one, applied twice', async () => {
    const inner = layers.sequential({
      layers: [conv(3, { padding: 'same', activation: 'relu', inputShape: inputShape(6) })],
    });
    const image = layers.input({ shape: inputShape(6) });
    const first = inner.apply(image) as layers.SymbolicTensor;
    const second = inner.apply(first) as layers.SymbolicTensor;
    const output = layers.layers.concatenate().apply([first, second]) as layers.SymbolicTensor;
    expect(await difference(layers.model({ inputs: image, outputs: output }), 6)).toBeLessThan(1e-4);
  });

  test('at another size than the file declares', async () => {
    const build = (size: number | null) =>
      layers.sequential({
        layers: [
          conv(4, { strides: 2, padding: 'same', inputShape: inputShape(size) }),
          layers.layers.maxPooling2d({ poolSize: 2, padding: 'same' }),
          layers.layers.globalAveragePooling2d({}),
          layers.layers.dense({ units: 3 }),
        ],
      });
    // A model without a declared size lets TF.js itself run at any.
    for (const size of [15, 16, 17, 21]) expect(await difference(build(null), size)).toBeLessThan(1e-4);
    const declared = build(16);
    await saveTfjs(declared, path.join(folder, 'declared'));
    const imported = await readTfjsModel(path.join(folder, 'declared'), { size: 21 });
    expect(imported.declaredSize).toBe(16);
    const { nhwc, nchw } = randomImages(1, 21, 3);
    const flexible = build(null);
    flexible.setWeights(declared.getWeights());
    const found = await runOnce(imported.model, [1, 3, 21, 21], nchw);
    const expected = (flexible.predict(nhwc) as tf.Tensor).dataSync();
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 4);
  });

  test('grey images', async () => {
    const model = layers.sequential({ layers: [conv(2, { inputShape: [5, 5, 1] })] });
    expect(await difference(model, 5, 1)).toBeLessThan(1e-4);
  });
});
