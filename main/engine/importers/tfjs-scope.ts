import { EngineError } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Attribute, Tensor } from '../graph/types.ts';
import type { Config } from './config.ts';
import type { Layer } from './tfjs-topology.ts';

/**
 * A value on its way through the layers. `shape` is Keras' own, without the batch and channels last; a value of height,
 * width and channels lies in the graph as [N, C, H, W], any other in Keras' order.
 */
export interface Activation {
  readonly value: string;
  readonly shape: readonly number[];
}

/** What the layers of one import share. */
export interface ImportState {
  readonly builder: GraphBuilder;
  readonly weights: ReadonlyMap<string, Tensor<'float32'>>;
  /** Names in the graph of weights already stored: a layer may be applied more than once. */
  readonly stored: Map<string, string>;
  readonly kerasVersion: string;
  readonly size: number;
  /** The size that the file declares, where it does. */
  readonly declaredSize: number | undefined;
}

/** One layer being translated: its configuration, its weights, and the nodes that it becomes. */
export class LayerScope {
  readonly layer: Layer;
  readonly config: Config;
  readonly state: ImportState;

  constructor(layer: Layer, state: ImportState) {
    this.layer = layer;
    this.config = layer.config;
    this.state = state;
  }

  /**
   * Adds a node and returns the name of its output. The layer's main node bears the layer's name, the others a suffix.
   */
  emit(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    suffix?: string,
  ): string {
    const name = this.state.builder.freshName(suffix ? `${this.layer.name}/${suffix}` : this.layer.name);
    return this.state.builder.add(op, inputs, attributes, { name });
  }

  constant(tensor: Tensor, role: string): string {
    return this.state.builder.constant(tensor, `${this.layer.name}/${role}`);
  }

  /** The layer's weight as the file has it. */
  weight(role: string): Tensor<'float32'> {
    const name = `${this.layer.name}/${role}`;
    const exact = this.state.weights.get(name);
    if (exact) return exact;
    // Keras 3 and some converters write the enclosing models' names in front.
    const nested = [...this.state.weights.keys()].filter((other) => other.endsWith(`/${name}`));
    if (nested.length === 1) return this.state.weights.get(nested[0])!;
    return this.fail(
      nested.length === 0
        ? `its weight "${name}" is not in the file`
        : `its weight "${name}" is there ${nested.length} times`,
    );
  }

  /** The first of the layer's weights that the file has under one of the names. */
  weightOf(roles: readonly string[]): Tensor<'float32'> {
    const ending = (role: string) => `${this.layer.name}/${role}`;
    const known = roles.find((role) =>
      [...this.state.weights.keys()].some((name) => name === ending(role) || name.endsWith(`/${ending(role)}`)),
    );
    return this.weight(known ?? roles[0]);
  }

  /** @throws EngineError when the weight has another shape than the layer's configuration asks for */
  checkShape(weight: Tensor, role: string, expected: readonly number[]): void {
    if (weight.shape.length !== expected.length || weight.shape.some((size, i) => size !== expected[i]))
      this.fail(
        `its weight "${role}" has the shape [${weight.shape.join(', ')}], but [${expected.join(', ')}] is needed`,
      );
  }

  /** Stores a weight, once however often the layer is applied, and returns its name in the graph. */
  store(role: string, read: () => Tensor<'float32'>): string {
    const key = `${this.layer.config.where}/${role}`;
    const known = this.state.stored.get(key);
    if (known !== undefined) return known;
    const name = this.constant(read(), role);
    this.state.stored.set(key, name);
    return name;
  }

  /** Height, width and channels of an image-like value. */
  image(input: Activation): readonly [number, number, number] {
    const [height, width, channels] = input.shape;
    if (input.shape.length !== 3)
      this.fail(`it takes height, width and channels, but gets the shape [${input.shape.join(', ')}]`);
    if (this.config.has('data_format') && this.config.string('data_format') !== 'channels_last')
      this.fail('it keeps channels first; only channels_last is read. Convert the network to ONNX instead');
    return [height, width, channels];
  }

  fail(reason: string): never {
    const { size, declaredSize } = this.state;
    const advice =
      declaredSize !== undefined && declaredSize !== size
        ? ` The network was made for ${declaredSize} pixels; use that size.`
        : '';
    throw new EngineError(`${this.config.where}, at ${size} pixels: ${reason}.${advice}`);
  }
}

/** A tensor with its axes in another order, as numpy's transpose: axis i of the result is axis `axes[i]` of the input. */
export function permuted(tensor: Tensor<'float32'>, axes: readonly number[]): Tensor<'float32'> {
  const shape = axes.map((axis) => tensor.shape[axis]);
  const strides = tensor.shape.map((_, i) => tensor.shape.slice(i + 1).reduce((product, size) => product * size, 1));
  const steps = axes.map((axis) => strides[axis]);
  const data = new Float32Array(tensor.data.length);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = tensor.data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return { type: 'float32', shape, data };
}

export function reshaped(tensor: Tensor<'float32'>, shape: readonly number[]): Tensor<'float32'> {
  return { type: 'float32', shape, data: tensor.data };
}
