import { int, ints } from '../graph/attributes.ts';
import { activate } from './tfjs-activations.ts';
import { permuted, reshaped } from './tfjs-scope.ts';
import type { Activation, LayerScope } from './tfjs-scope.ts';
import type { Tensor } from '../graph/types.ts';
import { windowOver } from './tfjs-window.ts';

export function conv2d(scope: LayerScope, input: Activation): Activation {
  const [, , channels] = scope.image(input);
  const kernel = scope.config.pair('kernel_size');
  const groups = scope.config.number('groups', 1);
  const filters = scope.config.number('filters');
  const weights = scope.store('kernel', () => {
    const weight = scope.weight('kernel');
    scope.checkShape(weight, 'kernel', [...kernel, channels / groups, filters]);
    return permuted(weight, [3, 2, 0, 1]);
  });
  return convolution(scope, input, { kernel, weights, groups, filters, bias: bias(scope, filters) });
}

export function depthwiseConv2d(scope: LayerScope, input: Activation): Activation {
  const [, , channels] = scope.image(input);
  const kernel = scope.config.pair('kernel_size');
  const depthwise = depthwiseWeight(scope, kernel, channels);
  const filters = channels * depthwise.multiplier;
  const weights = storeDepthwise(scope, depthwise);
  return convolution(scope, input, { kernel, weights, groups: channels, filters, bias: bias(scope, filters) });
}

/** A depthwise convolution without bias, then a pointwise one with it. */
export function separableConv2d(scope: LayerScope, input: Activation): Activation {
  const [height, width, channels] = scope.image(input);
  const kernel = scope.config.pair('kernel_size');
  const filters = scope.config.number('filters');
  const dilations = scope.config.pair('dilation_rate', [1, 1]);
  const window = windowOver(scope, [height, width], kernel, scope.config.pair('strides', [1, 1]), dilations);
  const depthwise = depthwiseWeight(scope, kernel, channels);
  const between = channels * depthwise.multiplier;
  const spatial = scope.emit(
    'Conv',
    [input.value, storeDepthwise(scope, depthwise)],
    { ...window.attributes, dilations: ints(dilations), group: int(channels) },
    'depthwise',
  );
  const weights = scope.store('pointwise_kernel', () => {
    const weight = scope.weight('pointwise_kernel');
    scope.checkShape(weight, 'pointwise_kernel', [1, 1, between, filters]);
    return permuted(weight, [3, 2, 0, 1]);
  });
  const value = scope.emit('Conv', [spatial, weights, ...bias(scope, filters)], { kernel_shape: ints([1, 1]) });
  return activate(scope, { value, shape: [window.height, window.width, filters] }, true);
}

/** On the last axis, whatever comes before it, as Keras does. */
export function dense(scope: LayerScope, input: Activation): Activation {
  const units = scope.config.number('units');
  const features = input.shape.at(-1) ?? 1;
  const weights = scope.store('kernel', () => {
    const weight = scope.weight('kernel');
    if (weight.shape[0] !== features)
      scope.fail(`it expects ${weight.shape[0]} values, but would get ${features}${sides(input)}`);
    scope.checkShape(weight, 'kernel', [features, units]);
    // An image's last axis is the graph's second: a 1×1 convolution.
    return input.shape.length === 3 ? reshaped(permuted(weight, [1, 0]), [units, features, 1, 1]) : weight;
  });
  const shape = [...input.shape.slice(0, -1), units];
  let value: string;
  if (input.shape.length === 3)
    value = scope.emit('Conv', [input.value, weights, ...bias(scope, units)], { kernel_shape: ints([1, 1]) });
  else if (input.shape.length === 1) value = scope.emit('Gemm', [input.value, weights, ...bias(scope, units)]);
  else {
    value = scope.emit('MatMul', [input.value, weights]);
    for (const added of bias(scope, units)) value = scope.emit('Add', [value, added], {}, 'bias_add');
  }
  return activate(scope, { value, shape }, true);
}

const sides = (input: Activation): string => (input.shape.length > 1 ? ` (${input.shape.join(' × ')})` : '');

interface Kernel {
  readonly kernel: readonly [number, number];
  /** Name of the weights [filters, channels / groups, height, width]. */
  readonly weights: string;
  readonly groups: number;
  readonly filters: number;
  readonly bias: readonly string[];
}

function convolution(scope: LayerScope, input: Activation, kernel: Kernel): Activation {
  const [height, width] = scope.image(input);
  const strides = scope.config.pair('strides', [1, 1]);
  const dilations = scope.config.pair('dilation_rate', [1, 1]);
  const window = windowOver(scope, [height, width], kernel.kernel, strides, dilations);
  const value = scope.emit('Conv', [input.value, kernel.weights, ...kernel.bias], {
    ...window.attributes,
    dilations: ints(dilations),
    group: int(kernel.groups),
  });
  return activate(scope, { value, shape: [window.height, window.width, kernel.filters] }, true);
}

/**
 * The layer's depthwise weight and the filters that each channel gets, from the weight itself: TF.js leaves it out of a
 * separable layer's configuration. Keras 3 calls the weight of a depthwise layer plainly "kernel".
 */
function depthwiseWeight(
  scope: LayerScope,
  kernel: readonly [number, number],
  channels: number,
): { weight: Tensor<'float32'>; multiplier: number } {
  const weight = scope.weightOf(['depthwise_kernel', 'kernel']);
  const multiplier = scope.config.number('depth_multiplier', weight.shape[3]);
  scope.checkShape(weight, 'depthwise_kernel', [...kernel, channels, multiplier]);
  return { weight, multiplier };
}

/** Keras' [h, w, channels, multiplier] as ONNX's [channels · multiplier, 1, h, w]. */
function storeDepthwise(scope: LayerScope, { weight, multiplier }: ReturnType<typeof depthwiseWeight>): string {
  const [height, width, channels] = weight.shape;
  return scope.store('depthwise_kernel', () =>
    reshaped(permuted(weight, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]),
  );
}

/** The name of the layer's bias in a list, or an empty list where it has none. */
function bias(scope: LayerScope, filters: number): string[] {
  if (!scope.config.boolean('use_bias', true)) return [];
  return [
    scope.store('bias', () => {
      const weight = scope.weight('bias');
      scope.checkShape(weight, 'bias', [filters]);
      return weight;
    }),
  ];
}
