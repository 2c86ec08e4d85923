import { int, ints } from '../graph/attributes.ts';
import type { Blob, CaffeScope } from './caffe-scope.ts';
import type { Message } from './caffe-text.ts';

const largestSide = 65_536;

/**
 * Height and width of a setting: `kernel_h` and `kernel_w`, or one or two of `kernel_size`.
 *
 * @param fallback where neither is given
 */
function pair(scope: CaffeScope, settings: Message, one: string, two: string, fallback: number): [number, number] {
  const both = [`${two}_h`, `${two}_w`].map((field) => (settings.has(field) ? settings.number(field, 0) : undefined));
  const given = settings.numbers(one);
  const [height = given.at(0) ?? fallback, width = given.at(1) ?? given.at(0) ?? fallback] = both;
  for (const side of [height, width])
    if (!Number.isInteger(side) || side < 0 || side > largestSide) scope.fail(`its ${one} of ${side} is not possible`);
  return [height, width];
}

/** Grouped and dilated convolution, which rounds down (caffe/layers/conv_layer.cpp, compute_output_shape). */
export function convolution(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('convolution_param');
  const [channels, ...sides] = scope.image(input);
  const kernel = pair(scope, settings, 'kernel_size', 'kernel', 0);
  const pads = pair(scope, settings, 'pad', 'pad', 0);
  const strides = pair(scope, settings, 'stride', 'stride', 1);
  const dilations = pair(scope, settings, 'dilation', 'dilation', 1);
  const filters = settings.integer('num_output', 0, 1);
  const groups = settings.integer('group', 1, 1);
  if (settings.number('axis', 1) !== 1) scope.fail('it counts its channels along another axis than the second');
  if ([...kernel, ...strides, ...dilations].includes(0)) scope.fail('its kernel, stride or dilation is 0');
  if (channels % groups !== 0 || filters % groups !== 0)
    scope.fail(`its ${channels} channels and ${filters} filters do not go into ${groups} groups`);
  const output = sides.map((side, axis) => {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    const room = side + 2 * pads[axis] - reach;
    if (room < 0) scope.fail(`its kernel of ${reach} does not fit into the ${side} values that are left of the image`);
    return Math.floor(room / strides[axis]) + 1;
  });
  const weights = [scope.store(0, [filters, channels / groups, ...kernel], 'weight')];
  if (settings.boolean('bias_term', true)) weights.push(scope.store(1, [filters], 'bias'));
  const value = scope.emit('Conv', [input.value, ...weights], {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints([...pads, ...pads]),
    dilations: ints(dilations),
    group: int(groups),
  });
  return { value, shape: [filters, ...output] };
}

/**
 * Pooling, which rounds up: ⌈(size + 2·pad − kernel) / stride⌉ + 1 windows, less the one that would begin in the padding
 * behind, where there is padding. A maximum is of what lies in the image; a mean counts the padding, and of a window at the
 * end only what lies in image and padding (caffe/layers/pooling_layer.cpp). ONNX's ceil_mode is the same, where there is padding.
 */
export function pooling(scope: CaffeScope, input: Blob): Blob {
  const settings = scope.settings('pooling_param');
  const [channels, ...sides] = scope.image(input);
  const method = settings.choice('pool', ['MAX', 'AVE', 'STOCHASTIC'], 'MAX');
  if (method === 'STOCHASTIC') scope.fail('pooling by chance is not read');
  if (scope.layer.tops.length > 1) scope.fail('the places of its maxima are used, which is not read');
  if (settings.boolean('global_pooling', false)) {
    const op = method === 'MAX' ? 'GlobalMaxPool' : 'GlobalAveragePool';
    return { value: scope.emit(op, [input.value]), shape: [channels, 1, 1] };
  }
  const kernel = pair(scope, settings, 'kernel_size', 'kernel', 0);
  const pads = pair(scope, settings, 'pad', 'pad', 0);
  const strides = pair(scope, settings, 'stride', 'stride', 1);
  if ([...kernel, ...strides].includes(0)) scope.fail('its kernel or stride is 0');
  if (pads.some((pad, axis) => pad >= kernel[axis])) scope.fail('its padding is not smaller than its kernel');
  const isPadded = pads.some((pad) => pad > 0);
  const output = sides.map((side, axis) => {
    const room = side + 2 * pads[axis] - kernel[axis];
    if (room < 0)
      scope.fail(`its window of ${kernel[axis]} does not fit into the ${side} values that are left of the image`);
    const windows = Math.ceil(room / strides[axis]) + 1;
    const beginsBehind = (windows - 1) * strides[axis] >= side + pads[axis];
    if (beginsBehind && !isPadded)
      scope.fail('its last window would lie outside the image: its stride is larger than its kernel');
    return beginsBehind ? windows - 1 : windows;
  });
  const attributes = {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    pads: ints([...pads, ...pads]),
    ceil_mode: int(1),
  };
  const value =
    method === 'MAX'
      ? scope.emit('MaxPool', [input.value], attributes)
      : scope.emit('AveragePool', [input.value], { ...attributes, count_include_pad: int(1) });
  return { value, shape: [channels, ...output] };
}
