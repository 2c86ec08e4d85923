import { EngineError } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Attribute, Tensor } from '../graph/types.ts';
import type { CaffeLayer } from './caffe-net.ts';
import type { Message } from './caffe-text.ts';
import type { CaffeWeights } from './caffe-weights.ts';

/** A blob on its way through the layers; its shape is without the batch: [C, H, W], or [D] after an inner product. */
export interface Blob {
  readonly value: string;
  readonly shape: readonly number[];
}

/** What the layers of one import share. */
export interface CaffeState {
  readonly builder: GraphBuilder;
  readonly weights: CaffeWeights;
}

/** One layer being translated: its settings, its weights, and the nodes that it becomes. */
export class CaffeScope {
  readonly layer: CaffeLayer;
  readonly state: CaffeState;

  constructor(layer: CaffeLayer, state: CaffeState) {
    this.layer = layer;
    this.state = state;
  }

  /** The layer's own block of settings, such as `convolution_param`. */
  settings(name: string): Message {
    return this.layer.settings.message(name);
  }

  /** Adds a node and returns the name of its output. The layer's main node bears the layer's name, the others a suffix. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    suffix?: string,
  ): string {
    const { builder } = this.state;
    return builder.add(op, inputs, attributes, {
      name: builder.freshName(suffix === undefined ? this.layer.name : `${this.layer.name}/${suffix}`),
    });
  }

  constant(tensor: Tensor, role: string): string {
    return this.state.builder.constant(tensor, `${this.layer.name}/${role}`);
  }

  /**
   * The layer's weights of a place, in a shape that the file's must be the same as but for axes of one: files of before 2015
   * have four axes everywhere.
   */
  weight(at: number, shape: readonly number[]): Tensor<'float32'> {
    const blobs = this.state.weights.get(this.layer.name);
    if (!blobs) this.fail('its weights are not in the .caffemodel. Do the two files belong together?');
    const blob = (blobs as readonly (Tensor<'float32'> | undefined)[])[at];
    if (!blob) this.fail(`it has ${blobs.length} weights in the .caffemodel, but ${at + 1} are needed`);
    const bare = (sides: readonly number[]): string => sides.filter((side) => side !== 1).join();
    if (bare(blob.shape) !== bare(shape))
      this.fail(`its weights have the shape ${formatShape(blob.shape)}, but ${formatShape(shape)} is needed`);
    return { ...blob, shape };
  }

  store(at: number, shape: readonly number[], role: string): string {
    return this.constant(this.weight(at, shape), role);
  }

  /** Channels, height and width of an image-like blob. */
  image({ shape }: Blob): readonly [number, number, number] {
    const [channels, height, width] = shape;
    if (shape.length !== 3) this.fail(`it takes channels, height and width, but gets the shape ${formatShape(shape)}`);
    return [channels, height, width];
  }

  /** An axis as Caffe counts them, the batch being 0, as one of the blob's shape. The batch itself is refused. */
  axis(given: number, { shape }: Blob): number {
    const axis = given < 0 ? given + shape.length + 1 : given;
    if (!Number.isInteger(axis) || axis < 1 || axis > shape.length)
      this.fail(`its axis ${given} is not one of an image's own: ${formatShape(shape)}`);
    return axis - 1;
  }

  fail(reason: string): never {
    const { settings, name, type } = this.layer;
    throw new EngineError(`${settings.where}: layer "${name}" (${type}): ${reason}.`);
  }
}
