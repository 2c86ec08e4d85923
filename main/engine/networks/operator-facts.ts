import { BATCH } from '../graph/batch.ts';
import { isFloat } from '../graph/tensors.ts';
import type { Attribute, Dimension, Node, Tensor } from '../graph/types.ts';
import { countMultiplyAdds, countParameters } from './counts.ts';
import type { Network } from './network.ts';

/** How the values of a tensor are spread. */
export interface WeightFacts {
  /** What the operator uses it for. */
  readonly role: string;
  readonly shape: readonly number[];
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  readonly deviation: number;
  /** How many values lie in each of as many equal parts from `low` to `high`; one where all are alike. */
  readonly histogram: readonly number[];
}

export interface OperatorFacts {
  /** Settings that are not the standard's defaults, and small constant inputs that are settings, as text. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** Of its first output, without the batch. */
  readonly shape: readonly Dimension[];
  readonly parameters: number;
  /** For one image. */
  readonly multiplyAdds: number;
  readonly weights: readonly WeightFacts[];
}

/** What there is to tell of an operator of a network. */
export function operatorFacts({ model, values }: Network, node: Node): OperatorFacts {
  const { graph } = model;
  const shape = values.get(node.outputs[0])?.shape ?? [];
  const constants = node.inputs.flatMap((input, index) => {
    const tensor = graph.initializers.get(input);
    return tensor ? [{ index, tensor, role: roleOf(node, index) }] : [];
  });
  const areWeights = ({ type, data }: Tensor): boolean => isFloat(type) && data.length > 1 && node.op !== 'Resize';
  return {
    settings: [
      ...Object.entries(node.attributes).flatMap(([name, attribute]) => setting(name, attribute)),
      ...constants
        .filter(({ tensor }) => !areWeights(tensor) && tensor.data.length <= mostShown)
        .map(({ role, tensor }) => ({ name: role, value: list(Array.from(tensor.data, Number)) })),
    ],
    shape: shape[0] === BATCH ? shape.slice(1) : shape,
    parameters: countParameters(graph, [node]),
    multiplyAdds: countMultiplyAdds(values, [node]),
    weights: constants
      .filter(({ tensor }) => areWeights(tensor))
      .map(({ role, tensor }) => weightFacts(role, tensor as Tensor<'float32'>)),
  };
}

/** Constants of more values are not written out. */
const mostShown = 8;

/** What the standard calls the inputs of its operators, where these are constant as a rule. */
const roles: Readonly<Record<string, readonly string[]>> = {
  Conv: ['input', 'weights', 'bias'],
  ConvTranspose: ['input', 'weights', 'bias'],
  Gemm: ['input', 'weights', 'bias'],
  MatMul: ['weights', 'weights'],
  BatchNormalization: ['input', 'scale γ', 'offset β', 'running mean', 'running variance'],
  LayerNormalization: ['input', 'scale γ', 'offset β'],
  InstanceNormalization: ['input', 'scale γ', 'offset β'],
  GroupNormalization: ['input', 'scale γ', 'offset β'],
  PRelu: ['input', 'slope'],
  Clip: ['input', 'lowest', 'highest'],
  Reshape: ['input', 'shape'],
  Pad: ['input', 'pads', 'value'],
  Slice: ['input', 'from', 'to', 'axes', 'steps'],
  Resize: ['input', 'region', 'scales', 'sizes'],
};

function roleOf(node: Node, index: number): string {
  return (roles as Partial<typeof roles>)[node.op]?.[index] ?? 'constant';
}

/** Attributes with which nothing special is meant, whichever operator has them. */
const defaults: Readonly<Record<string, (value: readonly number[] | string) => boolean>> = {
  dilations: (value) => Array.isArray(value) && value.every((one) => one === 1),
  strides: (value) => Array.isArray(value) && value.every((one) => one === 1),
  pads: (value) => Array.isArray(value) && value.every((one) => one === 0),
  group: (value) => value[0] === 1,
  auto_pad: (value) => value === 'NOTSET',
  ceil_mode: (value) => value[0] === 0,
  storage_order: (value) => value[0] === 0,
  training_mode: (value) => value[0] === 0,
  momentum: () => true,
  alpha: (value) => value[0] === 1,
  beta: (value) => value[0] === 1,
};

function setting(name: string, attribute: Attribute): OperatorFacts['settings'] {
  if (attribute.kind === 'tensor') return [];
  const { value } = attribute;
  const values = typeof value === 'number' ? [value] : value;
  const isDefault = (defaults as Partial<typeof defaults>)[name];
  if (isDefault?.(values as readonly number[] | string)) return [];
  return [{ name, value: typeof values === 'string' ? values : list(values) }];
}

/** Numbers of single precision without the digits that they do not have. */
function list(values: readonly (number | string)[]): string {
  return values.map((one) => (typeof one === 'number' ? String(Number(one.toPrecision(6))) : one)).join(', ');
}

const parts = 48;

/** Of the values that are numbers: a broken network may hold others. */
function weightFacts(role: string, { data, shape }: Tensor<'float32'>): WeightFacts {
  let [count, low, high, sum, squares] = [0, Infinity, -Infinity, 0, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) continue;
    count++;
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
    squares += value * value;
  }
  if (count === 0) return { role, shape, low: 0, high: 0, mean: 0, deviation: 0, histogram: [0] };
  const histogram = new Array<number>(high > low ? parts : 1).fill(0);
  const scale = high > low ? parts / (high - low) : 0;
  for (const value of data)
    if (Number.isFinite(value)) histogram[Math.min(histogram.length - 1, Math.floor((value - low) * scale))]++;
  const mean = sum / count;
  return { role, shape, low, high, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), histogram };
}
