import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import { createTensor } from '../../main/engine/graph/tensors.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { readTfjsModel } from '../../main/engine/importers/tfjs.ts';
import { distanceBetween, lengthOf, lossAndGradients } from '../support/backward.ts';
import { activations, layers, randomImages, randomise, saveTfjs, tf } from '../support/tfjs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-tfjs-gradients-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Symbolic = layers.SymbolicTensor;

const classes = 4;
const targets = [1, 3];
let saved = 0;

/** The network as the project imports it: the weights are what the model has now. */
async function imported(model: layers.LayersModel, size: number): Promise<Model> {
  const place = path.join(folder, String(++saved));
  await saveTfjs(model, place);
  return normaliseModel((await readTfjsModel(place, { size })).model).model;
}

function expectNear(found: Float32Array, wanted: Float32Array, what: string): void {
  expect(distanceBetween(found, wanted) / lengthOf(wanted), what).toBeLessThan(1e-4);
}

/** Compares the loss and all gradients of a network that gives logits. */
async function expectSameGradients(model: layers.LayersModel, size: number): Promise<void> {
  randomise(model);
  const { nhwc, nchw } = randomImages(2, size, 3);
  const network = await imported(model, size);

  const images = tf.variable(nhwc);
  const labels = tf.oneHot(tf.tensor1d(targets, 'int32'), classes);
  const { value, grads } = tf.variableGrads(() =>
    tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(
      labels,
      model.apply(images, { training: false }) as tf.Tensor2D,
    ),
  );
  // What lies in the model as weights comes out of the import in the graph's layout: so do the gradients.
  const weights = model.weights.map((weight) => grads[weight.name] ?? weight.read());
  const trainable = model.trainableWeights.length;
  model.setWeights(weights);
  const expected = (await imported(model, size)).graph.initializers;
  const parameters = [...network.graph.initializers].flatMap(([name, { type, data }]) =>
    type === 'float32' && distanceBetween(data as Float32Array, expected.get(name)!.data as Float32Array) > 0
      ? [name]
      : [],
  );
  expect(parameters).toHaveLength(trainable);

  const found = await lossAndGradients(network, createTensor('float32', [2, 3, size, size], nchw), targets, parameters);
  const loss = value.dataSync()[0];
  expect(Math.abs(found.loss - loss)).toBeLessThan(1e-5 * loss);
  const input = tf.transpose(grads[images.name], [0, 3, 1, 2]).dataSync<'float32'>();
  expectNear(found.gradients.get('input')!.data as Float32Array, input, 'input');
  for (const name of parameters) {
    const { shape, data } = found.gradients.get(name)!;
    const wanted = expected.get(name)!;
    expect([...shape]).toEqual([...wanted.shape]);
    expectNear(data as Float32Array, wanted.data as Float32Array, name);
  }
  images.dispose();
}

const conv = (filters: number, args: Partial<Parameters<typeof layers.layers.conv2d>[0]> = {}) =>
  layers.layers.conv2d({ filters, kernelSize: 3, padding: 'same', ...args });
const norm = () => layers.layers.batchNormalization({ epsilon: 1e-3 });
const relu6 = () => layers.layers.activation({ activation: 'relu6' });
const image = (size: number) => layers.input({ shape: [size, size, 3] });

/** Applies layers one after the other. */
function chain(from: Symbolic, ...list: layers.layers.Layer[]): Symbolic {
  return list.reduce((value, layer) => layer.apply(value) as Symbolic, from);
}

/** The finished network: the mean over the image, and a dense layer. */
function classify(input: Symbolic, value: Symbolic): layers.LayersModel {
  const pooled = value.shape.length === 4 ? chain(value, layers.layers.globalAveragePooling2d({})) : value;
  return layers.model({ inputs: input, outputs: chain(pooled, layers.layers.dense({ units: classes })) });
}

/** A chain of layers between image and mean. */
function plain(size: number, ...list: layers.layers.Layer[]): layers.LayersModel {
  const input = image(size);
  return classify(input, chain(input, ...list));
}

describe('the same loss and gradients as TensorFlow.js', () => {
  test('a plain network: convolutions, overlapping max pooling, dense layers after Flatten', () =>
    expectSameGradients(
      plain(
        15,
        conv(6, { strides: 2, activation: 'relu' }),
        layers.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
        conv(5, { kernelSize: [1, 3], padding: 'valid', activation: 'tanh' }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 8, activation: 'relu' }),
      ),
      15,
    ));

  for (const size of [8, 9, 11])
    test(`MobileNet: depthwise and pointwise, normalised, at ${size} pixels`, () =>
      expectSameGradients(
        plain(
          size,
          conv(4, { strides: 2, useBias: false }),
          norm(),
          relu6(),
          layers.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
          norm(),
          relu6(),
          conv(6, { kernelSize: 1, useBias: false }),
          norm(),
          relu6(),
          layers.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', strides: 2, depthMultiplier: 2 }),
          relu6(),
        ),
        size,
      ));

  test('Xception: separable convolutions, with a residual connection', () => {
    const input = image(9);
    const stem = chain(input, conv(4, { strides: 2 }), norm());
    const body = chain(
      stem,
      layers.layers.reLU(),
      layers.layers.separableConv2d({ filters: 6, kernelSize: 3, padding: 'same', useBias: false }),
      norm(),
      layers.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    );
    const shortcut = chain(stem, conv(6, { kernelSize: 1, strides: 2 }), norm());
    const sum = layers.layers.add().apply([body, shortcut]) as Symbolic;
    return expectSameGradients(classify(input, chain(sum, layers.layers.reLU())), 9);
  });

  test('EfficientNet: swish and a gate on the channels', () => {
    const input = image(8);
    const values = chain(
      input,
      conv(6, { activation: 'swish' }),
      layers.layers.depthwiseConv2d({ kernelSize: 5, padding: 'same', activation: 'swish' }),
    );
    const gate = chain(
      values,
      layers.layers.globalAveragePooling2d({}),
      layers.layers.reshape({ targetShape: [1, 1, 6] }),
      conv(2, { kernelSize: 1, activation: 'swish' }),
      conv(6, { kernelSize: 1, activation: 'sigmoid' }),
    );
    const scaled = layers.layers.multiply().apply([values, gate]) as Symbolic;
    return expectSameGradients(classify(input, chain(scaled, conv(4, { kernelSize: 1 }), norm())), 8);
  });

  // Without padding: TensorFlow.js' own gradient divides by the pixels of padding too, which its pooling does not count.
  test('average pooling, its windows apart and overlapping', () =>
    expectSameGradients(
      plain(
        13,
        layers.layers.averagePooling2d({ poolSize: 3, strides: 2 }),
        conv(4),
        layers.layers.averagePooling2d({ poolSize: 2, strides: 1 }),
        layers.layers.averagePooling2d({ poolSize: [1, 2] }),
      ),
      13,
    ));

  for (const activation of activations)
    test(`the activation ${activation}`, () =>
      expectSameGradients(plain(5, conv(4, { activation }), conv(4), layers.layers.activation({ activation })), 5));

  test('activation layers', () =>
    expectSameGradients(
      plain(
        6,
        layers.layers.reLU({ maxValue: 1.5 }),
        conv(4),
        layers.layers.leakyReLU({ alpha: 0.2 }),
        conv(4),
        layers.layers.prelu({ sharedAxes: [1, 2] }),
        conv(4),
        layers.layers.prelu(),
        conv(4),
        layers.layers.elu(),
      ),
      6,
    ));

  test('branches that join, by elements and on each axis', () => {
    const input = image(6);
    const branch = () => chain(input, conv(3));
    const merged = [
      layers.layers.add().apply([branch(), branch(), branch()]),
      layers.layers.multiply().apply([branch(), branch()]),
      layers.layers.average().apply([branch(), branch(), branch()]),
      layers.layers.maximum().apply([branch(), branch()]),
      layers.layers.minimum().apply([branch(), branch()]),
    ] as Symbolic[];
    const channels = layers.layers.concatenate({ axis: -1 }).apply(merged) as Symbolic;
    const rows = layers.layers.concatenate({ axis: 1 }).apply([channels, chain(channels, relu6())]) as Symbolic;
    const columns = layers.layers.concatenate({ axis: 2 }).apply([rows, rows]) as Symbolic;
    return expectSameGradients(classify(input, chain(columns, conv(3))), 6);
  });

  test('a layer that is applied twice gets the sum of both gradients', () => {
    const input = image(6);
    const shared = conv(3, { activation: 'tanh' });
    const once = chain(input, shared);
    const sum = layers.layers.add().apply([chain(once, shared), once]) as Symbolic;
    return expectSameGradients(classify(input, sum), 6);
  });

  test('padding, cropping, reshaping and global pooling', () => {
    const input = image(9);
    const values = chain(
      input,
      layers.layers.zeroPadding2d({
        padding: [
          [0, 1],
          [2, 3],
        ],
      }),
      conv(4),
      layers.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
      layers.layers.permute({ dims: [2, 3, 1] }),
      layers.layers.reshape({ targetShape: [11, 7, 4] }),
      conv(4, { activation: 'tanh' }),
    );
    const mean = chain(values, layers.layers.globalAveragePooling2d({}));
    const most = chain(values, layers.layers.globalMaxPooling2d({}));
    const both = layers.layers.concatenate().apply([mean, most]) as Symbolic;
    return expectSameGradients(classify(input, both), 9);
  });

  test('dense layers on sequences and images, BatchNormalization of vectors', () =>
    expectSameGradients(
      plain(
        6,
        layers.layers.dense({ units: 4, activation: 'relu' }),
        norm(),
        layers.layers.reshape({ targetShape: [36, 4] }),
        layers.layers.dense({ units: 3, activation: 'softmax' }),
        layers.layers.reshape({ targetShape: [6, 6, 3] }),
        norm(),
        layers.layers.flatten(),
        layers.layers.dense({ units: 6 }),
        norm(),
      ),
      6,
    ));
});
