import { float, int } from '../graph/attributes.ts';
import { scalar } from '../graph/tensors.ts';
import { isObject } from './config.ts';
import type { Activation, LayerScope } from './tfjs-scope.ts';

/** Returns the name of the activation's value. */
type Rule = (scope: LayerScope, input: Activation, suffix: string | undefined) => string;

const simple =
  (op: string): Rule =>
  (scope, input, suffix) =>
    scope.emit(op, [input.value], {}, suffix);

const clip =
  (most: number): Rule =>
  (scope, input, suffix) =>
    clipped(scope, input.value, 0, most, suffix);

const swish: Rule = (scope, input, suffix) => {
  const gate = scope.emit('Sigmoid', [input.value], {}, 'sigmoid');
  return scope.emit('Mul', [input.value, gate], {}, suffix);
};

/** x · ½(1 + erf(x / √2)), Keras' default. The operator Gelu came with a later opset than ours. */
const gelu: Rule = (scope, input, suffix) => {
  const scaled = scope.emit('Mul', [input.value, scope.constant(scalar(Math.SQRT1_2), 'sqrt1_2')], {}, 'scaled');
  const erf = scope.emit('Erf', [scaled], {}, 'erf');
  const shifted = scope.emit('Add', [erf, scope.constant(scalar(1), 'one')], {}, 'shifted');
  const half = scope.emit('Mul', [input.value, scope.constant(scalar(0.5), 'half')], {}, 'half_input');
  return scope.emit('Mul', [half, shifted], {}, suffix);
};

/** Keras 3 made it relu6(x + 3) / 6; before, and in TensorFlow.js, it is clip(0.2·x + 0.5). */
const hardSigmoid: Rule = (scope, input, suffix) => {
  const slope = scope.state.kerasVersion.startsWith('3') ? 1 / 6 : 0.2;
  return scope.emit('HardSigmoid', [input.value], { alpha: float(slope), beta: float(0.5) }, suffix);
};

const softmax: Rule = (scope, input, suffix) => softmaxOver(scope, input, -1, suffix);

const rules: Readonly<Record<string, Rule>> = {
  relu: simple('Relu'),
  relu6: clip(6),
  sigmoid: simple('Sigmoid'),
  hard_sigmoid: hardSigmoid,
  tanh: simple('Tanh'),
  softmax,
  elu: (scope, input, suffix) => scope.emit('Elu', [input.value], { alpha: float(1) }, suffix),
  selu: simple('Selu'),
  softplus: simple('Softplus'),
  softsign: simple('Softsign'),
  swish,
  silu: swish,
  gelu,
  hard_swish: simple('HardSwish'),
  hard_silu: simple('HardSwish'),
  mish: simple('Mish'),
};

/** Limits a value to [least, most]; either may be absent. */
export function clipped(
  scope: LayerScope,
  value: string,
  least: number | undefined,
  most: number,
  suffix?: string,
): string {
  const low = least === undefined ? '' : scope.constant(scalar(least), 'min');
  return scope.emit('Clip', [value, low, scope.constant(scalar(most), 'max')], {}, suffix);
}

/** Softmax over Keras' axis `axis` (the batch is axis 0; negative counts from the end). */
export function softmaxOver(scope: LayerScope, input: Activation, axis: number, suffix?: string): string {
  return scope.emit('Softmax', [input.value], { axis: int(graphAxis(scope, input, axis)) }, suffix);
}

/**
 * The axis in the graph for Keras' axis.
 *
 * @param axis counted with the batch as axis 0; negative from the end
 */
export function graphAxis(scope: LayerScope, input: Activation, axis: number): number {
  const rank = input.shape.length + 1;
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(positive) || positive < 1 || positive >= rank) scope.fail(`it has no axis ${axis}`);
  // Height, width and channels lie in the graph as channels, height, width.
  return rank === 4 ? [0, 2, 3, 1][positive] : positive;
}

/**
 * Applies the activation that a configuration names in its field `activation`; nothing for `linear`.
 *
 * @param inline whether the activation is part of a layer that does something else first
 */
export function activate(scope: LayerScope, input: Activation, inline: boolean): Activation {
  const name = activationName(scope);
  if (name === 'linear') return input;
  if (!Object.hasOwn(rules, name))
    scope.fail(`the activation "${name}" is not supported; known are ${Object.keys(rules).join(', ')}`);
  return { value: rules[name](scope, input, inline ? name : undefined), shape: input.shape };
}

function activationName(scope: LayerScope): string {
  let value: unknown = scope.config.raw('activation') ?? 'linear';
  // Keras 3 may write the function or layer as an object: {class_name: 'function', config: 'relu'}.
  if (isObject(value)) value = typeof value.config === 'string' ? value.config : value.class_name;
  if (typeof value !== 'string') return scope.fail('its activation is not a name');
  return value.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}
