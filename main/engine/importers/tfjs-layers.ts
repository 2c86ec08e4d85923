import { float } from '../graph/attributes.ts';
import { createTensor, scalar } from '../graph/tensors.ts';
import { activate, clipped, graphAxis, softmaxOver } from './tfjs-activations.ts';
import { conv2d, dense, depthwiseConv2d, separableConv2d } from './tfjs-convolutions.ts';
import { concatenate, merge } from './tfjs-merges.ts';
import { permuted } from './tfjs-scope.ts';
import type { Activation, LayerScope } from './tfjs-scope.ts';
import { cropping2d, flatten, permute, reshape, zeroPadding2d } from './tfjs-shapes.ts';
import { windowOver } from './tfjs-window.ts';

type Rule = (scope: LayerScope, input: Activation) => Activation;
type MergeRule = (scope: LayerScope, inputs: readonly Activation[]) => Activation;

/** Layers that do something in training only. */
const untouched: Rule = (_scope, input) => input;

/** How each layer of one input becomes nodes, by Keras' class name. */
const rules: Readonly<Record<string, Rule>> = {
  Conv2D: conv2d,
  DepthwiseConv2D: depthwiseConv2d,
  SeparableConv2D: separableConv2d,
  Dense: dense,
  BatchNormalization: batchNormalization,
  Activation: (scope, input) => activate(scope, input, false),
  ReLU: relu,
  LeakyReLU: leakyRelu,
  PReLU: prelu,
  ELU: (scope, input) => ({
    ...input,
    value: scope.emit('Elu', [input.value], { alpha: float(scope.config.number('alpha', 1)) }),
  }),
  Softmax: (scope, input) => ({ ...input, value: softmaxOver(scope, input, scope.config.number('axis', -1)) }),
  MaxPooling2D: (scope, input) => pooling(scope, input, 'MaxPool'),
  // A mean over what lies in the image only: ONNX's default too (count_include_pad = 0).
  AveragePooling2D: (scope, input) => pooling(scope, input, 'AveragePool'),
  GlobalAveragePooling2D: (scope, input) => globalPooling(scope, input, 'GlobalAveragePool'),
  GlobalMaxPooling2D: (scope, input) => globalPooling(scope, input, 'GlobalMaxPool'),
  ZeroPadding2D: zeroPadding2d,
  Cropping2D: cropping2d,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  Rescaling: rescaling,
  Normalization: normalization,
  Dropout: untouched,
  SpatialDropout1D: untouched,
  SpatialDropout2D: untouched,
  AlphaDropout: untouched,
  GaussianDropout: untouched,
  GaussianNoise: untouched,
  ActivityRegularization: untouched,
  RandomBrightness: untouched,
  RandomContrast: untouched,
  RandomFlip: untouched,
  RandomRotation: untouched,
  RandomTranslation: untouched,
  RandomZoom: untouched,
};

const mergeRules: Readonly<Record<string, MergeRule>> = {
  Add: (scope, inputs) => merge(scope, inputs, 'Add'),
  Subtract: (scope, inputs) => merge(scope, inputs, 'Sub'),
  Multiply: (scope, inputs) => merge(scope, inputs, 'Mul'),
  Maximum: (scope, inputs) => merge(scope, inputs, 'Max'),
  Minimum: (scope, inputs) => merge(scope, inputs, 'Min'),
  Average: (scope, inputs) => {
    const sum = merge(scope, inputs, 'Add', 'sum');
    const share = scope.constant(scalar(1 / inputs.length), 'share');
    return { ...sum, value: scope.emit('Mul', [sum.value, share]) };
  },
  Concatenate: concatenate,
};

/**
 * Translates one layer (that is not itself a model).
 *
 * @throws EngineError when the layer's class is not supported, its configuration or its weights do not fit
 */
export function translateLayer(scope: LayerScope, inputs: readonly Activation[]): Activation {
  const { className } = scope.layer;
  if (Object.hasOwn(mergeRules, className)) {
    if (inputs.length === 0) scope.fail('it takes no value of another layer');
    return mergeRules[className](scope, inputs);
  }
  if (!Object.hasOwn(rules, className))
    scope.fail(`layers of class ${className} are not supported. Convert the network to ONNX instead`);
  if (inputs.length !== 1) scope.fail(`it takes one value but ${inputs.length} are given`);
  return rules[className](scope, inputs[0]);
}

function batchNormalization(scope: LayerScope, input: Activation): Activation {
  const raw = scope.config.raw('axis') ?? -1;
  const axis = Array.isArray(raw) ? (raw[0] as unknown) : raw;
  if (typeof axis !== 'number' || graphAxis(scope, input, axis) !== 1 || input.shape.length === 2)
    scope.fail(`it normalises over the axis ${JSON.stringify(raw)}; only the last, of the channels, is supported`);
  const channels = input.shape.at(-1)!;
  const statistic = (role: string, otherwise?: number) =>
    scope.store(role, () => {
      if (otherwise !== undefined)
        return createTensor(
          'float32',
          [channels],
          Array.from({ length: channels }, () => otherwise),
        );
      const weight = scope.weight(role);
      scope.checkShape(weight, role, [channels]);
      return weight;
    });
  const gamma = statistic('gamma', scope.config.boolean('scale', true) ? undefined : 1);
  const beta = statistic('beta', scope.config.boolean('center', true) ? undefined : 0);
  const value = scope.emit(
    'BatchNormalization',
    [input.value, gamma, beta, statistic('moving_mean'), statistic('moving_variance')],
    { epsilon: float(scope.config.number('epsilon', 1e-3)) },
  );
  return { ...input, value };
}

function relu(scope: LayerScope, input: Activation): Activation {
  const most = scope.config.has('max_value') ? scope.config.number('max_value') : undefined;
  const slope = scope.config.number('negative_slope', 0);
  if (scope.config.number('threshold', 0) !== 0) scope.fail('a ReLU with a threshold is not supported');
  if (slope === 0) {
    const value = most === undefined ? scope.emit('Relu', [input.value]) : clipped(scope, input.value, 0, most);
    return { ...input, value };
  }
  const leaky = scope.emit('LeakyRelu', [input.value], { alpha: float(slope) });
  return { ...input, value: most === undefined ? leaky : clipped(scope, leaky, undefined, most, 'limit') };
}

function leakyRelu(scope: LayerScope, input: Activation): Activation {
  // Keras 3 calls it negative_slope.
  const slope = scope.config.number('negative_slope', scope.config.number('alpha', 0.3));
  return { ...input, value: scope.emit('LeakyRelu', [input.value], { alpha: float(slope) }) };
}

function prelu(scope: LayerScope, input: Activation): Activation {
  const slope = scope.store('alpha', () => {
    const weight = scope.weight('alpha');
    if (weight.shape.length !== input.shape.length || weight.shape.some((n, i) => n !== 1 && n !== input.shape[i]))
      scope.checkShape(weight, 'alpha', input.shape);
    return weight.shape.length === 3 ? permuted(weight, [2, 0, 1]) : weight;
  });
  return { ...input, value: scope.emit('PRelu', [input.value, slope]) };
}

function pooling(scope: LayerScope, input: Activation, op: string): Activation {
  const [height, width, channels] = scope.image(input);
  const kernel = scope.config.pair('pool_size', [2, 2]);
  const window = windowOver(scope, [height, width], kernel, scope.config.pair('strides', kernel));
  const value = scope.emit(op, [input.value], window.attributes);
  return { value, shape: [window.height, window.width, channels] };
}

function globalPooling(scope: LayerScope, input: Activation, op: string): Activation {
  const [, , channels] = scope.image(input);
  const value = scope.emit(op, [input.value]);
  if (scope.config.boolean('keepdims', false)) return { value, shape: [1, 1, channels] };
  return { value: scope.emit('Flatten', [value], {}, 'flatten'), shape: [channels] };
}

function rescaling(scope: LayerScope, input: Activation): Activation {
  const scale = byChannel(scope, input, 'scale', scope.config.raw('scale'));
  const offset = byChannel(scope, input, 'offset', scope.config.raw('offset') ?? 0);
  const scaled = scope.emit('Mul', [input.value, scale]);
  return { ...input, value: scope.emit('Add', [scaled, offset], {}, 'shifted') };
}

/** (x − mean) / max(√variance, 1e-7), Keras' formula. */
function normalization(scope: LayerScope, input: Activation): Activation {
  if (scope.config.has('invert') && scope.config.boolean('invert')) scope.fail('an inverted one is not supported');
  const statistic = (role: string): unknown => scope.config.raw(role) ?? [...scope.weight(role).data];
  const variance = statistic('variance');
  const values = Array.isArray(variance) ? (variance as unknown[]).flat(4) : [variance];
  const deviation = values.map((v) => Math.max(Math.sqrt(Number(v)), 1e-7));
  const mean = byChannel(scope, input, 'mean', statistic('mean'));
  const centred = scope.emit('Sub', [input.value, mean]);
  const divisor = byChannel(scope, input, 'deviation', deviation);
  return { ...input, value: scope.emit('Div', [centred, divisor], {}, 'scaled') };
}

/** A number, or one for each channel, as a constant that broadcasts over the graph's value. */
function byChannel(scope: LayerScope, input: Activation, role: string, value: unknown): string {
  const numbers = Array.isArray(value) ? (value as unknown[]).flat(4) : [value];
  const channels = input.shape.at(-1);
  if (!numbers.every((n) => typeof n === 'number') || (numbers.length !== 1 && numbers.length !== channels))
    scope.fail(`its ${role} must be one number, or one for each of the ${channels ?? 0} channels`);
  if (numbers.length === 1) return scope.constant(scalar(numbers[0]), role);
  const shape = input.shape.length === 3 ? [1, numbers.length, 1, 1] : [numbers.length];
  return scope.constant(createTensor('float32', shape, numbers), role);
}
