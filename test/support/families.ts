import { int, ints } from '../../main/engine/graph/attributes.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { NetworkBuilder } from './networks.ts';

/**
 * The architectures of well-known networks with random weights: their real blocks and branches, with as few channels as
 * `width` says (1: as in the paper).
 */

type Norm = (net: NetworkBuilder, name: string, from: string) => string;
const plainNorm: Norm = (net, name, from) => net.norm(name, from);

const normed = (
  net: NetworkBuilder,
  name: string,
  from: string,
  channels: number,
  options = {},
  norm = plainNorm,
): string => net.relu(`${name}/relu`, norm(net, `${name}/bn`, net.conv(`${name}/conv`, from, channels, options)));

function classified(net: NetworkBuilder, value: string, classes: number): Model {
  const channels = net.channels(value);
  const pooled = net.reshape('flatten', net.add('GlobalAveragePool', 'avgpool', [value]), [-1, channels]);
  return net.model(net.add('Softmax', 'prob', [net.dense('fc', pooled, channels, classes)], { axis: int(1) }), [
    'N',
    classes,
  ]);
}

const padded = (net: NetworkBuilder, name: string, from: string, kernel = 3, stride = 2): string =>
  net.add('MaxPool', name, [from], {
    kernel_shape: ints([kernel, kernel]),
    strides: ints([stride, stride]),
    pads: ints([1, 1, 1, 1]),
  });

/** He et al., arXiv 1512.03385, table 1. */
export function resNet18(width = 0.125, size = 224): Model {
  const net = new NetworkBuilder();
  const channels = (count: number): number => Math.max(4, Math.round(count * width));
  let value = normed(net, 'conv1', net.input(['N', 3, size, size]), channels(64), { kernel: 7, stride: 2 });
  value = padded(net, 'maxpool', value);
  for (const [stage, count] of [64, 128, 256, 512].entries())
    for (const block of [0, 1]) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = normed(net, `${name}/conv1`, value, channels(count), { stride });
      const second = net.norm(`${name}/bn2`, net.conv(`${name}/conv2`, first, channels(count)));
      const same = stride === 1 && net.channels(value) === channels(count);
      const skip = same
        ? value
        : net.norm(
            `${name}/downsample.1`,
            net.conv(`${name}/downsample.0`, value, channels(count), { kernel: 1, stride }),
          );
      value = net.relu(`${name}/relu`, net.add('Add', `${name}/add`, [second, skip]));
    }
  return classified(net, value, 10);
}

const denseNet121 = [6, 12, 24, 16];

/** Huang et al., arXiv 1608.06993, table 1: DenseNet-121 with layers [6, 12, 24, 16]. */
export function denseNet(layers: readonly number[] = denseNet121, growth = 4, size = 224): Model {
  const net = new NetworkBuilder();
  return classified(net, denseFeatures(net, net.input(['N', 3, size, size]), layers, growth), 10);
}

/**
 * DenseNet-121 in the form of the ONNX Model Zoo's file, which came by way of Caffe and Caffe2: of operator set 12, every
 * normalisation followed by factors and summands of its own that are brought to shape, a convolution for a classifier.
 */
export function denseNetOfCaffe2(growth = 4, size = 224): Model {
  const net = new NetworkBuilder();
  const inTwo: Norm = (_, name, from) => {
    const aligned = (): string => net.add('Unsqueeze', '', [net.weights([net.channels(from)])], { axes: ints([1, 2]) });
    const scaled = net.add('Mul', `${name}/scaled`, [net.norm(`${name}/statistics`, from), aligned()]);
    return net.add('Add', name, [scaled, aligned()]);
  };
  const features = denseFeatures(net, net.input([1, 3, size, size]), denseNet121, growth, inTwo);
  const pooled = net.add('GlobalAveragePool', 'pool5', [features]);
  return { ...net.model(net.conv('fc6', pooled, 1000, { kernel: 1 }), [1, 1000, 1, 1]), opset: 12 };
}

function denseFeatures(
  net: NetworkBuilder,
  input: string,
  layers: readonly number[],
  growth: number,
  norm = plainNorm,
): string {
  let value = normed(net, 'conv0', input, 2 * growth, { kernel: 7, stride: 2 }, norm);
  value = padded(net, 'pool0', value);
  for (const [stage, count] of layers.entries()) {
    for (let layer = 1; layer <= count; layer++) {
      const name = `dense${stage + 1}_${layer}`;
      const before = net.relu(`${name}/relu1`, norm(net, `${name}/bn1`, value));
      const bottleneck = normed(net, `${name}/bottleneck`, before, 4 * growth, { kernel: 1 }, norm);
      const added = net.conv(`${name}/conv2`, bottleneck, growth);
      value = net.concat(`${name}/concat`, [value, added]);
    }
    if (stage === layers.length - 1) break;
    const name = `transition${stage + 1}`;
    const before = net.relu(`${name}/relu`, norm(net, `${name}/bn`, value));
    value = net.conv(`${name}/conv`, before, Math.floor(net.channels(value) / 2), { kernel: 1 });
    value = net.pool(`${name}/pool`, value, 'AveragePool');
  }
  return net.relu('last/relu', norm(net, 'last/bn', value));
}

/** Szegedy et al., arXiv 1409.4842, table 1: nine modules of four branches. */
export function googLeNet(width = 0.125, size = 224): Model {
  const net = new NetworkBuilder();
  const conv = (name: string, from: string, count: number, options = {}): string =>
    net.relu(`${name}_relu`, net.conv(name, from, Math.max(2, Math.round(count * width)), options));
  let value = conv('conv1', net.input(['N', 3, size, size]), 64, { kernel: 7, stride: 2 });
  value = padded(net, 'pool1', value);
  value = conv('conv2', conv('conv2_reduce', value, 64, { kernel: 1 }), 192);
  value = padded(net, 'pool2', value);
  const modules = {
    '3a': [64, 96, 128, 16, 32, 32],
    '3b': [128, 128, 192, 32, 96, 64],
    '4a': [192, 96, 208, 16, 48, 64],
    '4b': [160, 112, 224, 24, 64, 64],
    '4c': [128, 128, 256, 24, 64, 64],
    '4d': [112, 144, 288, 32, 64, 64],
    '4e': [256, 160, 320, 32, 128, 128],
    '5a': [256, 160, 320, 32, 128, 128],
    '5b': [384, 192, 384, 48, 128, 128],
  };
  for (const [module, [one, three0, three, five0, five, pool]] of Object.entries(modules)) {
    const name = `inception_${module}`;
    if (module === '4a' || module === '5a') value = padded(net, `pool${module[0]}`, value);
    value = net.concat(`${name}/output`, [
      conv(`${name}/1x1`, value, one, { kernel: 1 }),
      conv(`${name}/3x3`, conv(`${name}/3x3_reduce`, value, three0, { kernel: 1 }), three),
      conv(`${name}/5x5`, conv(`${name}/5x5_reduce`, value, five0, { kernel: 1 }), five, { kernel: 5 }),
      conv(`${name}/pool_proj`, padded(net, `${name}/pool`, value, 3, 1), pool, { kernel: 1 }),
    ]);
  }
  return classified(net, value, 10);
}
