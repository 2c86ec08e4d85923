import { describe, expect, it, test } from 'vitest';
import { readCaffeModel } from '../../main/engine/importers/caffe.ts';
import { caffeInput, caffeLayer, type CaffeModelOptions, caffeWeights } from '../support/caffe.ts';
import { caffeFolder, expectSame, image, type Weights } from '../support/caffe-imported.ts';
import * as reference from '../support/caffe-reference.ts';

const { save, imported } = caffeFolder();

describe('Convolution', () => {
  const cases: [string, string, Partial<reference.ConvolutionSettings>][] = [
    ['with padding and a stride', 'kernel_size: 3 pad: 1 stride: 2', { pad: [1, 1], stride: [2, 2] }],
    ['in groups', 'kernel_size: 3 group: 2', { groups: 2 }],
    ['for each channel', 'kernel_size: 3 group: 4 bias_term: false', { groups: 4, bias: undefined }],
    ['dilated', 'kernel_size: 3 dilation: 2 pad: 2', { dilation: [2, 2], pad: [2, 2] }],
    [
      'of sides of its own',
      'kernel_h: 1 kernel_w: 3 pad_h: 0 pad_w: 2 stride_h: 2 stride_w: 1',
      { kernel: [1, 3], pad: [0, 2], stride: [2, 1] },
    ],
    ['of two sides in a list', 'kernel_size: [3, 2] stride: 1 stride: 2', { kernel: [3, 2], stride: [1, 2] }],
  ];
  it.each(cases)('%s', async (_name, written, changes) => {
    const input = image([4, 9, 9]);
    const settings: reference.ConvolutionSettings = {
      ...{ kernel: [3, 3], stride: [1, 1], pad: [0, 0], dilation: [1, 1], filters: 8, groups: 1 },
      weights: new Float32Array(),
      bias: caffeWeights([8]).data,
      ...changes,
    };
    const weights = caffeWeights([8, 4 / settings.groups, ...settings.kernel]);
    const text =
      caffeInput(9, 4) + caffeLayer('conv', 'Convolution', 'data', `convolution_param { num_output: 8 ${written} }`);
    const blobs = [weights, ...(settings.bias ? [{ shape: [8], data: settings.bias }] : [])];
    expectSame(
      await imported(text, { conv: blobs }, input),
      reference.convolution(input, { ...settings, weights: weights.data }),
    );
  });

  it.each<[string, CaffeModelOptions]>([
    ['of the form before, with four dimensions everywhere', { isOld: true }],
    ['that are not packed', { isUnpacked: true }],
    ['of double precision', { isDouble: true }],
  ])('takes weights %s', async (_name, options) => {
    const input = image([3, 6, 6]);
    const [weights, bias] = [caffeWeights([4, 3, 3, 3]), caffeWeights([4])];
    const text =
      caffeInput(6) + caffeLayer('conv', 'Convolution', 'data', 'convolution_param { num_output: 4 kernel_size: 3 }');
    const expected = reference.convolution(input, {
      ...{ kernel: [3, 3], stride: [1, 1], pad: [0, 0], dilation: [1, 1], filters: 4, groups: 1 },
      weights: weights.data,
      bias: bias.data,
    });
    expectSame(await imported(text, { conv: [weights, bias] }, input, options), expected);
  });
});

describe('Pooling rounds up as Caffe does', () => {
  for (const method of ['MAX', 'AVE'] as const)
    for (const [side, kernel, stride, pad] of [
      [8, 3, 2, 0],
      [7, 3, 2, 0],
      [6, 3, 2, 1],
      // Here the last window would begin in the padding, and is left out.
      [7, 2, 2, 1],
      [8, 3, 3, 2],
      [10, 5, 3, 2],
    ])
      // After a convolution of 16 filters, ONNX Runtime works on a layout of its own.
      test(`${method} of ${side}, kernel ${kernel}, stride ${stride}, pad ${pad}`, async () => {
        const input = image([3, side, side]);
        const weights = caffeWeights([16, 3, 1, 1]);
        const text =
          caffeInput(side) +
          caffeLayer(
            'conv',
            'Convolution',
            'data',
            'convolution_param { num_output: 16 kernel_size: 1 bias_term: false }',
          ) +
          caffeLayer(
            'pool',
            'Pooling',
            'conv',
            `pooling_param { pool: ${method} kernel_size: ${kernel} stride: ${stride} pad: ${pad} }`,
          );
        const convolved = reference.convolution(input, {
          ...{ kernel: [1, 1], stride: [1, 1], pad: [0, 0], dilation: [1, 1], filters: 16, groups: 1 },
          weights: weights.data,
          bias: undefined,
        });
        const window: reference.WindowSettings = {
          kernel: [kernel, kernel],
          stride: [stride, stride],
          pad: [pad, pad],
        };
        expectSame(await imported(text, { conv: [weights] }, input), reference.pooling(convolved, method, window));
      });

  it.each(['MAX', 'AVE'] as const)('of the whole image: %s', async (method) => {
    const input = image([3, 5, 5]);
    const text =
      caffeInput(5) + caffeLayer('pool', 'Pooling', 'data', `pooling_param { pool: ${method} global_pooling: true }`);
    const window: reference.WindowSettings = { kernel: [5, 5], stride: [1, 1], pad: [0, 0] };
    expectSame(await imported(text, {}, input), reference.pooling(input, method, window));
  });

  it('with sides of its own', async () => {
    const input = image([2, 7, 7]);
    const text =
      caffeInput(7, 2) +
      caffeLayer(
        'pool',
        'Pooling',
        'data',
        'pooling_param { pool: 1 kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 3 pad_h: 1 pad_w: 0 }',
      );
    expectSame(
      await imported(text, {}, input),
      reference.pooling(input, 'AVE', { kernel: [3, 2], stride: [1, 3], pad: [1, 0] }),
    );
  });
});

describe('other layers', () => {
  const side = 6;
  const input = image([4, side, side]);
  const map = (f: (value: number, channel: number) => number): reference.Planes =>
    reference.planes(input.shape, (c, y, x) => f(reference.valueAt(input, c, y, x), c));
  const same = async (layer: string, expected: reference.Planes, weights: Weights = {}): Promise<void> =>
    expectSame(await imported(caffeInput(side, 4) + layer, weights, input), expected);

  it('LRN across channels and within one', async () => {
    const across = { size: 3, alpha: 0.3, beta: 0.6, k: 2 };
    await same(
      caffeLayer('norm', 'LRN', 'data', 'lrn_param { local_size: 3 alpha: 0.3 beta: 0.6 k: 2 }'),
      reference.responseAcross(input, across),
    );
    await same(
      caffeLayer('norm', 'LRN', 'data'),
      reference.responseAcross(input, { size: 5, alpha: 1, beta: 0.75, k: 1 }),
    );
    await same(
      caffeLayer('norm', 'LRN', 'data', 'lrn_param { local_size: 3 alpha: 0.3 beta: 0.6 norm_region: WITHIN_CHANNEL }'),
      reference.responseWithin(input, across),
    );
  });

  it('InnerProduct of an image, and of one written the other way round', async () => {
    const [weights, bias] = [caffeWeights([5, 4 * side * side]), caffeWeights([5])];
    await same(
      caffeLayer('fc', 'InnerProduct', 'data', 'inner_product_param { num_output: 5 }'),
      reference.innerProduct(input, weights.data, bias.data),
      { fc: [weights, bias] },
    );
    const columns = 4 * side * side;
    const turned = {
      shape: [columns, 5],
      data: Float32Array.from(weights.data, (_, at) => weights.data[(at % 5) * columns + Math.floor(at / 5)]),
    };
    await same(
      caffeLayer(
        'fc',
        'InnerProduct',
        'data',
        'inner_product_param { num_output: 5 bias_term: false transpose: true }',
      ),
      reference.innerProduct(input, weights.data, undefined),
      { fc: [turned] },
    );
  });

  it('activations', async () => {
    await same(
      caffeLayer('a', 'ReLU', 'data'),
      map((x) => Math.max(x, 0)),
    );
    await same(
      caffeLayer('a', 'ReLU', 'data', 'relu_param { negative_slope: 0.1 }'),
      map((x) => (x > 0 ? x : 0.1 * x)),
    );
    await same(
      caffeLayer('a', 'ELU', 'data', 'elu_param { alpha: 0.5 }'),
      map((x) => (x > 0 ? x : 0.5 * (Math.exp(x) - 1))),
    );
    await same(
      caffeLayer('a', 'Sigmoid', 'data'),
      map((x) => 1 / (1 + Math.exp(-x))),
    );
    await same(caffeLayer('a', 'TanH', 'data'), map(Math.tanh));
    await same(
      caffeLayer('a', 'Power', 'data', 'power_param { power: 2 scale: 0.5 shift: 1 }'),
      map((x) => (1 + 0.5 * x) ** 2),
    );
    const slopes = caffeWeights([4]);
    await same(
      caffeLayer('a', 'PReLU', 'data'),
      map((x, c) => (x > 0 ? x : slopes.data[c] * x)),
      { a: [slopes] },
    );
    const one = caffeWeights([1]);
    await same(
      caffeLayer('a', 'PReLU', 'data', 'prelu_param { channel_shared: true }'),
      map((x) => (x > 0 ? x : one.data[0] * x)),
      { a: [one] },
    );
  });

  const mean = caffeWeights([4]);
  const variance = caffeWeights([4], { low: 0.5, high: 2 });
  const factor = { shape: [1], data: Float32Array.of(3) };
  const gamma = caffeWeights([4], { low: 0.5, high: 2 });
  const beta = caffeWeights([4]);
  const normalised = (x: number, c: number, eps: number): number =>
    (x - mean.data[c] / 3) / Math.sqrt(variance.data[c] / 3 + eps);

  it('BatchNorm alone, with the Scale that follows it, and Scale alone', async () => {
    const batchNorm = { bn: [mean, variance, factor] };
    await same(
      caffeLayer('bn', 'BatchNorm', 'data', 'batch_norm_param { eps: 0.01 }'),
      map((x, c) => normalised(x, c, 0.01)),
      batchNorm,
    );
    const inPlace = (name: string, type: string, rest: string): string =>
      `layer { name: "${name}" type: "${type}" bottom: "bn" top: "bn" ${rest} }`;
    await same(
      caffeLayer('bn', 'BatchNorm', 'data') +
        inPlace('scale', 'Scale', 'scale_param { bias_term: true }') +
        inPlace('relu', 'ReLU', ''),
      map((x, c) => Math.max(0, normalised(x, c, 1e-5) * gamma.data[c] + beta.data[c])),
      { ...batchNorm, scale: [gamma, beta] },
    );
    await same(
      caffeLayer('scale', 'Scale', 'data'),
      map((x, c) => x * gamma.data[c]),
      { scale: [gamma] },
    );
    await same(
      caffeLayer('scale', 'Scale', 'data', 'scale_param { bias_term: true }'),
      map((x, c) => x * gamma.data[c] + beta.data[c]),
      { scale: [gamma, beta] },
    );
  });

  it('BatchNorm and its Scale are one normalisation in the graph; where others read between them, two steps', async () => {
    const weights = { bn: [mean, variance, factor], scale: [gamma, beta] };
    const ops = async (text: string): Promise<string[]> => {
      const { model } = await readCaffeModel(await save(caffeInput(side, 4) + text, weights));
      return model.graph.nodes.map(({ op }) => op);
    };
    const scale = caffeLayer('scale', 'Scale', 'bn', 'scale_param { bias_term: true }');
    expect(await ops(caffeLayer('bn', 'BatchNorm', 'data') + scale)).toEqual(['BatchNormalization']);
    const between = caffeLayer('sum', 'Eltwise', ['bn', 'scale']);
    expect(await ops(caffeLayer('bn', 'BatchNorm', 'data') + scale + between)).toEqual([
      'BatchNormalization',
      'Mul',
      'Add',
      'Add',
    ]);
  });

  it('Eltwise, Concat, Slice and Split', async () => {
    const branches = caffeLayer('r', 'ReLU', 'data') + caffeLayer('t', 'TanH', 'data');
    const sum = caffeLayer(
      'sum',
      'Eltwise',
      ['data', 'r', 't'],
      'eltwise_param { operation: SUM coeff: 1 coeff: -2 coeff: 0.5 }',
    );
    await same(
      branches + sum,
      map((x) => x - 2 * Math.max(x, 0) + 0.5 * Math.tanh(x)),
    );
    await same(
      branches + caffeLayer('max', 'Eltwise', ['r', 't'], 'eltwise_param { operation: MAX }'),
      map((x) => Math.max(x, 0, Math.tanh(x))),
    );
    await same(
      branches + caffeLayer('by', 'Eltwise', ['r', 't'], 'eltwise_param { operation: PROD }'),
      map((x) => Math.max(x, 0) * Math.tanh(x)),
    );
    const both = reference.planes([8, side, side], (c, y, x) =>
      c < 4 ? Math.max(0, reference.valueAt(input, c, y, x)) : Math.tanh(reference.valueAt(input, c - 4, y, x)),
    );
    await same(branches + caffeLayer('both', 'Concat', ['r', 't']), both);
    const last = reference.planes([3, side, side], (c, y, x) => reference.valueAt(input, c + 1, y, x));
    const parts = (rest: string): string =>
      `layer { name: "slice" type: "Slice" bottom: "data" top: "a" top: "b" ${rest} }`;
    await same(parts('slice_param { slice_point: 1 }') + caffeLayer('out', 'Power', 'b'), last);
    const first = reference.planes([2, side, side], (c, y, x) => reference.valueAt(input, c, y, x));
    await same(parts('') + caffeLayer('out', 'TanH', 'a'), { ...first, data: first.data.map(Math.tanh) });
    const split = 'layer { name: "split" type: "Split" bottom: "data" top: "a" top: "b" }';
    await same(
      split + caffeLayer('sum', 'Eltwise', ['a', 'b']),
      map((x) => 2 * x),
    );
  });

  it('Softmax, also of every pixel, and of the loss only the probabilities', async () => {
    await same(caffeLayer('prob', 'Softmax', 'data'), reference.softmax(input));
    const loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" }';
    await same(loss, reference.softmax(input));
  });

  it('Flatten, Reshape and Dropout change no value', async () => {
    const flat = caffeLayer('flat', 'Flatten', 'data');
    await same(flat, input);
    await same(
      flat + caffeLayer('back', 'Reshape', 'flat', 'reshape_param { shape { dim: 0 dim: 4 dim: -1 dim: 6 } }'),
      input,
    );
    await same(caffeLayer('back', 'Reshape', 'data', 'reshape_param { shape { dim: 0 dim: -1 } }'), input);
    await same(
      caffeLayer('drop', 'Dropout', 'data', 'dropout_param { dropout_ratio: 0.9 }') +
        caffeLayer('out', 'Power', 'drop'),
      input,
    );
  });
});
