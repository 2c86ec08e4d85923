import { describe, expect, it } from 'vitest';
import { floatOf, intOf, intsOf } from '../../main/engine/graph/attributes.ts';
import { createTensor } from '../../main/engine/graph/tensors.ts';
import { readCaffeModel } from '../../main/engine/importers/caffe.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { type CaffeBlob, caffeInput, caffeLayer, caffeWeights } from '../support/caffe.ts';
import { caffeFolder, expectSame, image, type Weights } from '../support/caffe-imported.ts';
import * as reference from '../support/caffe-reference.ts';
import { expectClose, run } from '../support/graphs.ts';
import { alexNet, randomNumbers } from '../support/networks.ts';

const { save, imported } = caffeFolder();

describe('a whole network', () => {
  /** AlexNet's own geometry with few channels, as ONNX and written for Caffe with the same weights. */
  function asCaffe(): { text: string; weights: Weights; model: ReturnType<typeof alexNet> } {
    const model = alexNet(1);
    const weights: Record<string, CaffeBlob[]> = {};
    let text = caffeInput(227);
    const tops = new Map([['input', 'data']]);
    for (const node of model.graph.nodes) {
      const blobs = node.inputs
        .slice(1)
        .flatMap((name) => model.graph.initializers.get(name) ?? [])
        .filter(({ type }) => type === 'float32')
        .map(({ shape, data }) => ({ shape, data: data as Float32Array }));
      const bottom = tops.get(node.inputs[0])!;
      const one = (name: string, fallback: number): number => intsOf(node, name)?.[0] ?? fallback;
      const top = (type: string, rest = ''): void => {
        text += caffeLayer(node.name, type, bottom, rest);
        tops.set(node.outputs[0], node.name);
      };
      if (node.op === 'Conv') {
        weights[node.name] = blobs;
        const [filters] = blobs[0].shape;
        top(
          'Convolution',
          `convolution_param { num_output: ${filters} kernel_size: ${one('kernel_shape', 1)} stride: ${one('strides', 1)} pad: ${one('pads', 0)} group: ${intOf(node, 'group', 1)} }`,
        );
      } else if (node.op === 'Gemm' || node.op === 'MatMul') {
        const isTransposed = node.op === 'Gemm' && intOf(node, 'transB', 0) === 1;
        weights[node.name] = blobs;
        const units = isTransposed ? blobs[0].shape[0] : blobs[0].shape[1];
        top(
          'InnerProduct',
          `inner_product_param { num_output: ${units} transpose: ${!isTransposed} bias_term: ${blobs.length > 1} }`,
        );
      } else if (node.op === 'MaxPool')
        top(
          'Pooling',
          `pooling_param { kernel_size: ${one('kernel_shape', 1)} stride: ${one('strides', 1)} pad: ${one('pads', 0)} }`,
        );
      else if (node.op === 'LRN')
        top(
          'LRN',
          `lrn_param { local_size: ${intOf(node, 'size', 5)} alpha: ${floatOf(node, 'alpha', 1)} beta: ${floatOf(node, 'beta', 1)} }`,
        );
      else if (node.op === 'Relu') top('ReLU');
      else if (node.op === 'Softmax') top('Softmax');
      else tops.set(node.outputs[0], bottom);
    }
    return { text, weights, model };
  }

  it('agrees with its ONNX twin, is opened with its freeze points, and from either of its files', async () => {
    const { text, weights, model } = asCaffe();
    const files = await save(text, weights);
    const random = randomNumbers(3);
    const pixels = createTensor(
      'float32',
      [1, 3, 227, 227],
      Float32Array.from({ length: 3 * 227 * 227 }, () => 50 * random()),
    );
    const expected = Object.values(await run(model, { input: pixels }))[0];
    const twin = await readCaffeModel(files);
    const found = Object.values(await run(twin.model, { data: pixels }))[0];
    expectClose(found, expected);

    const network = await openNetwork(files.layers);
    expect(network).toMatchObject({
      size: 227,
      pretrainedSize: 227,
      preprocessing: undefined,
      classifier: { classes: 10 },
    });
    expect(network.freezePoints.map(({ name }) => name)).toEqual(expect.arrayContaining(['conv1', 'conv5', 'fc7']));
    expect((await openNetwork(files.weights)).parameters).toBe(network.parameters);
    await expect(openNetwork(files.layers, { size: 300 })).rejects.toThrow(/does not work at 300 pixels/);
  });

  it('for training is read as it is tested, up to its last output, with the scaling that its data layer says', async () => {
    const text = `name: "train"
      # Comments are left out.
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN } transform_param { crop_size: 8 mean_value: 1 } }
      layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST }
        transform_param { mirror: false crop_size: 16 mean_value: [104, 117, 123]; scale: 0.017f } data_param { source: "a" 'b' backend: LMDB } }
      layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 }
        convolution_param { num_output: 4 kernel_size: 3 weight_filler < type: "xavier" std: 1e-2 > } }
      layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
      layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" exclude { phase: TEST } }
      layer { name: "aux" type: "InnerProduct" bottom: "conv" top: "aux" inner_product_param { num_output: 2 } }
      layer { name: "auxloss" type: "SoftmaxWithLoss" bottom: "aux" bottom: "label" top: "auxloss" loss_weight: 0.3 }
      layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { pool: AVE kernel_size: 14 stride: 1 } }
      layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 10 } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
      layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" }`;
    const weights = {
      conv: [caffeWeights([4, 3, 3, 3]), caffeWeights([4])],
      fc: [caffeWeights([10, 4]), caffeWeights([10])],
    };
    const { layers } = await save(text, weights);
    const network = await openNetwork(layers);
    expect(network.model.graph.nodes.map(({ name }) => name)).not.toContain('aux');
    expect(network.classifier).toMatchObject({ name: 'fc', classes: 10 });
    expect(network.preprocessing).toMatchObject({
      size: 16,
      range: [0, 255],
      mean: [104, 117, 123],
      channels: 'bgr',
      layout: 'nchw',
    });
    expect(network.preprocessing!.deviation[0]).toBeCloseTo(1 / 0.017);
    expect(network.preprocessingReason).toMatch(/transform_param/);
    // The mean over the whole image stays one at another size.
    expect((await openNetwork(layers, { size: 32 })).size).toBe(32);
  });

  it('of the form before 2015 is read', async () => {
    const text = `name: "old" input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
      layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1 convolution_param { num_output: 4 kernel_size: 3 } }
      layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
      layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" inner_product_param { num_output: 3 } }
      layers { name: "prob" type: SOFTMAX bottom: "fc" top: "prob" }`;
    const conv = [caffeWeights([4, 3, 3, 3]), caffeWeights([4])];
    const fc = [caffeWeights([3, 144]), caffeWeights([3])];
    const input = image([3, 8, 8]);
    const convolved = reference.convolution(input, {
      ...{ kernel: [3, 3], stride: [1, 1], pad: [0, 0], dilation: [1, 1], filters: 4, groups: 1 },
      weights: conv[0].data,
      bias: conv[1].data,
    });
    const rectified = { ...convolved, data: convolved.data.map((value) => Math.max(value, 0)) };
    const expected = reference.softmax(reference.innerProduct(rectified, fc[0].data, fc[1].data));
    expectSame(await imported(text, { conv, fc }, input, { isOld: true }), expected);
  });
});
