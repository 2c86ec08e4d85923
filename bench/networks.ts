import { float, int, ints } from '../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../main/engine/graph/builder.ts';
import { createTensor, elementCount, scalar } from '../main/engine/graph/tensors.ts';
import type { Model } from '../main/engine/graph/types.ts';
import { createRandom } from '../main/engine/random.ts';

/** Networks of the shapes of well-known ones, as PyTorch exports them, with random weights: for measuring speed. */

export const CLASS_COUNT = 1000;

interface ConvolutionOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
}

class NetworkBuilder {
  readonly builder: GraphBuilder;
  readonly #random = createRandom(1);
  readonly #channels = new Map<string, number>();

  constructor(name: string) {
    this.builder = new GraphBuilder(name);
  }

  input(size: number): string {
    const name = this.builder.input('input', 'float32', ['N', 3, size, size]);
    this.#channels.set(name, 3);
    return name;
  }

  /** A convolution and its BatchNormalization. */
  normalisedConvolution(from: string, channels: number, options: ConvolutionOptions): string {
    return this.normalise(this.convolution(from, channels, options));
  }

  convolution(from: string, channels: number, { kernel, stride = 1, depthwise = false }: ConvolutionOptions): string {
    const given = this.#channels.get(from)!;
    const shape = [channels, depthwise ? 1 : given, kernel, kernel];
    const pad = Math.floor(kernel / 2);
    const value = this.builder.add('Conv', [from, this.#weights(shape, 2)], {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      group: int(depthwise ? channels : 1),
    });
    this.#channels.set(value, channels);
    return value;
  }

  normalise(from: string): string {
    const [one, zero] = [1, 0].map((value) => this.#vector(this.channels(from), value));
    return this.add('BatchNormalization', [from, one, zero, zero, one], { epsilon: float(1e-5) });
  }

  concatenate(values: readonly string[]): string {
    const value = this.builder.add('Concat', values, { axis: int(1) });
    this.#channels.set(
      value,
      values.reduce((sum, one) => sum + this.channels(one), 0),
    );
    return value;
  }

  /** An operator that leaves the channels as they are. */
  add(op: string, inputs: readonly string[], attributes: Parameters<GraphBuilder['add']>[2] = {}): string {
    const value = this.builder.add(op, inputs, attributes);
    this.#channels.set(value, this.#channels.get(inputs[0])!);
    return value;
  }

  channels(value: string): number {
    return this.#channels.get(value)!;
  }

  /** The mean over all positions and a linear classifier. */
  finish(from: string): Model {
    const mean = this.builder.add('GlobalAveragePool', [from]);
    const codes = this.builder.add('Flatten', [mean], { axis: int(1) });
    const weights = this.#weights([CLASS_COUNT, this.channels(from)], 1);
    const logits = this.builder.add('Gemm', [codes, weights, this.#vector(CLASS_COUNT, 0)], { transB: int(1) });
    this.builder.output(logits, 'float32', ['N', CLASS_COUNT]);
    return this.builder.build();
  }

  /** Weights under which values keep their spread from layer to layer, with a gain of √2 before a ReLU. */
  #weights(shape: readonly number[], gain: number): string {
    const spread = Math.sqrt(gain / elementCount(shape.slice(1)));
    const values = Float32Array.from({ length: elementCount(shape) }, () => this.#random.normal() * spread);
    return this.builder.constant(createTensor('float32', shape, values), 'weights');
  }

  #vector(length: number, value: number): string {
    return this.builder.constant(createTensor('float32', [length], new Float32Array(length).fill(value)), 'vector');
  }
}

/** He et al., Deep Residual Learning for Image Recognition, 2016. */
export function resNet18(size: number): Model {
  const net = new NetworkBuilder('resnet18');
  let value = net.add('Relu', [net.normalisedConvolution(net.input(size), 64, { kernel: 7, stride: 2 })]);
  value = net.add('MaxPool', [value], {
    kernel_shape: ints([3, 3]),
    strides: ints([2, 2]),
    pads: ints([1, 1, 1, 1]),
  });
  for (const [channels, first] of [
    [64, 1],
    [128, 2],
    [256, 2],
    [512, 2],
  ])
    for (const stride of [first, 1]) {
      const inner = net.add('Relu', [net.normalisedConvolution(value, channels, { kernel: 3, stride })]);
      const outer = net.normalisedConvolution(inner, channels, { kernel: 3 });
      const same = stride === 1 && channels === net.channels(value);
      const skipped = same ? value : net.normalisedConvolution(value, channels, { kernel: 1, stride });
      value = net.add('Relu', [net.add('Add', [outer, skipped])]);
    }
  return net.finish(value);
}

/** Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018. */
export function mobileNetV2(size: number): Model {
  const net = new NetworkBuilder('mobilenetv2');
  const [least, most] = [0, 6].map((bound) => net.builder.constant(scalar(bound), 'bound'));
  const relu6 = (value: string): string => net.add('Clip', [value, least, most]);
  let value = relu6(net.normalisedConvolution(net.input(size), 32, { kernel: 3, stride: 2 }));
  for (const [widening, channels, count, first] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ])
    for (let i = 0; i < count; i++) {
      const stride = i === 0 ? first : 1;
      const wide = net.channels(value) * widening;
      const widened = widening === 1 ? value : relu6(net.normalisedConvolution(value, wide, { kernel: 1 }));
      const filtered = relu6(net.normalisedConvolution(widened, wide, { kernel: 3, stride, depthwise: true }));
      const narrowed = net.normalisedConvolution(filtered, channels, { kernel: 1 });
      value = i === 0 ? narrowed : net.add('Add', [value, narrowed]);
    }
  return net.finish(relu6(net.normalisedConvolution(value, 1280, { kernel: 1 })));
}

/** Huang et al., Densely Connected Convolutional Networks, 2017: DenseNet-121. */
export function denseNet121(size: number): Model {
  const net = new NetworkBuilder('densenet121');
  const growth = 32;
  const activate = (value: string): string => net.add('Relu', [net.normalise(value)]);
  const halve = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  let value = net.add('Relu', [net.normalisedConvolution(net.input(size), 2 * growth, { kernel: 7, stride: 2 })]);
  value = net.add('MaxPool', [value], {
    kernel_shape: ints([3, 3]),
    strides: ints([2, 2]),
    pads: ints([1, 1, 1, 1]),
  });
  for (const [block, layers] of [6, 12, 24, 16].entries()) {
    if (block > 0) {
      const halved = net.convolution(activate(value), net.channels(value) / 2, { kernel: 1 });
      value = net.add('AveragePool', [halved], halve);
    }
    for (let layer = 0; layer < layers; layer++) {
      const narrowed = net.convolution(activate(value), 4 * growth, { kernel: 1 });
      value = net.concatenate([value, net.convolution(activate(narrowed), growth, { kernel: 3 })]);
    }
  }
  return net.finish(activate(value));
}
