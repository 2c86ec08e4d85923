import { float, int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { createTensor, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import type { Attribute, Dimension, Model } from '../../main/engine/graph/types.ts';

/** Pseudo-random numbers in −1 to 1, the same on every machine (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

export interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly groups?: number;
}

/** Draws networks with random weights, layer by layer. Each layer bears the name that it is given. */
export class NetworkBuilder {
  readonly builder = new GraphBuilder('test');
  readonly #random = randomNumbers(1);
  readonly #channels = new Map<string, number>();

  input(shape: readonly Dimension[] = ['N', 3, 32, 32]): string {
    this.#channels.set('input', 3);
    return this.builder.input('input', 'float32', shape);
  }

  weights(shape: readonly number[], spread = 1): string {
    const count = shape.reduce((product, size) => product * size, 1);
    const inputs = count / shape[0];
    const scale = spread / Math.sqrt(Math.max(inputs, 1));
    const values = Float32Array.from({ length: count }, () => this.#random() * scale);
    return this.builder.constant(createTensor('float32', shape, values), 'weights');
  }

  /** Any operator; its channels are those of its first input. */
  add(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const output = this.builder.add(op, inputs, attributes, { name });
    this.#channels.set(output, this.#channels.get(inputs[0])!);
    return output;
  }

  conv(name: string, from: string, channels: number, options: ConvOptions = {}): string {
    const { kernel = 3, stride = 1, pad = Math.floor(kernel / 2), groups = 1 } = options;
    const weights = this.weights([channels, this.#channels.get(from)! / groups, kernel, kernel], 3);
    const output = this.add('Conv', name, [from, weights, this.weights([channels])], {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      group: int(groups),
    });
    this.#channels.set(output, channels);
    return output;
  }

  norm(name: string, from: string): string {
    const channels = this.#channels.get(from)!;
    const variance = Float32Array.from({ length: channels }, () => 1 + 0.5 * this.#random());
    const statistics = this.builder.constant(createTensor('float32', [channels], variance), 'variance');
    const parameters = [1, 2, 3].map(() => this.weights([channels]));
    return this.add('BatchNormalization', name, [from, ...parameters, statistics], { epsilon: float(1e-3) });
  }

  relu(name: string, from: string): string {
    return this.add('Relu', name, [from]);
  }

  pool(name: string, from: string, op = 'MaxPool', kernel = 2, stride = 2): string {
    return this.add(op, name, [from], { kernel_shape: ints([kernel, kernel]), strides: ints([stride, stride]) });
  }

  concat(name: string, parts: readonly string[]): string {
    const output = this.add('Concat', name, parts, { axis: int(1) });
    this.#channels.set(
      output,
      parts.reduce((sum, part) => sum + this.#channels.get(part)!, 0),
    );
    return output;
  }

  dense(name: string, from: string, inputs: number, outputs: number): string {
    const output = this.add('Gemm', name, [from, this.weights([outputs, inputs], 3), this.weights([outputs])], {
      transB: int(1),
    });
    this.#channels.set(output, outputs);
    return output;
  }

  reshape(name: string, from: string, shape: readonly number[]): string {
    return this.add('Reshape', name, [from, this.builder.constant(int64s(shape), 'shape')]);
  }

  clip(name: string, from: string, most: number): string {
    const limits = [0, most].map((value) => this.builder.constant(scalar(value), 'limit'));
    return this.add('Clip', name, [from, ...limits]);
  }

  channels(value: string): number {
    return this.#channels.get(value)!;
  }

  model(output: string, shape: readonly Dimension[]): Model {
    this.builder.output(output, 'float32', shape);
    return this.builder.build();
  }
}

/**
 * AlexNet with few channels and its own geometry: 227 pixels, LRN, grouped convolutions, overlapping pooling, two layers
 * of 4096 units, ten classes.
 */
export function alexNet(batch: Dimension = 'N'): Model {
  const net = new NetworkBuilder();
  const lrn = { size: int(5), alpha: float(1e-4), beta: float(0.75), bias: float(1) };
  let value = net.relu(
    'relu1',
    net.conv('conv1', net.input([batch, 3, 227, 227]), 16, { kernel: 11, stride: 4, pad: 0 }),
  );
  value = net.pool('pool1', net.add('LRN', 'norm1', [value], lrn), 'MaxPool', 3);
  value = net.relu('relu2', net.conv('conv2', value, 32, { kernel: 5, groups: 2 }));
  value = net.pool('pool2', net.add('LRN', 'norm2', [value], lrn), 'MaxPool', 3);
  value = net.relu('relu3', net.conv('conv3', value, 48));
  value = net.relu('relu4', net.conv('conv4', value, 48, { groups: 2 }));
  value = net.relu('relu5', net.conv('conv5', value, 16, { groups: 2 }));
  value = net.pool('pool5', value, 'MaxPool', 3);
  value = net.reshape('flatten', value, [batch === 'N' ? -1 : 1, 576]);
  value = net.add('Dropout', 'drop6', [net.relu('relu6', net.dense('fc6', value, 576, 4096))]);
  value = net.add('Dropout', 'drop7', [net.relu('relu7', net.dense('fc7', value, 4096, 4096))]);
  value = net.add('Softmax', 'prob', [net.dense('fc8', value, 4096, 10)], { axis: int(1) });
  return net.model(value, [batch, 10]);
}
