import { int, intOf } from '../graph/attributes.ts';
import { createTensor, elementCount } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';
import { poolingWindow } from '../ops/pooling.ts';
import type { pooling } from '../ops/pooling.ts';
import type { Window } from '../ops/windows.ts';
import { cast, mul, number, operation, reduceSum, reshape, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { metByTaps, tapsOf, undoing } from './windows.ts';

/**
 * Adds up what each tap of a window has to put back where it met it: Σ over taps, placed. As one ConvTranspose with a kernel that
 * places its channel k at tap k, whose channels are the taps' values.
 */
function putBack(parts: readonly Expression[], window: Window, dims: readonly number[]): Expression {
  const [batch, channels, ...sizes] = dims;
  const taps = tapsOf(window.kernel).length;
  const stacked = operation(
    'Concat',
    parts.map((part) => reshape(part, [batch * channels, 1, ...window.output])),
    { axis: int(1) },
  );
  const places = createTensor(
    'float32',
    [taps, 1, ...window.kernel],
    Float32Array.from({ length: taps * taps }, (_, i) => (i % taps === Math.floor(i / taps) ? 1 : 0)),
  );
  return reshape(operation('ConvTranspose', [stacked, places], undoing(window, sizes)), dims);
}

/** The gradient goes to the first pixel of each window, in reading order, that is its maximum. */
const maxPool: GradientRule = (c) => {
  const window = poolingWindow(c);
  const met = metByTaps(c.x(0), c.dims(0), window, -Infinity);
  const parts: Expression[] = [];
  // What is left of the gradient once the taps before have taken theirs.
  let left: Expression = c.dy;
  met.forEach((tap, at) => {
    const part = mul(left, cast(operation('Equal', [tap, c.y()]), 'float32'));
    parts.push(part);
    if (at < met.length - 1) left = sub(left, part);
  });
  return [putBack(parts, window, c.dims(0))];
};

/** One over how many pixels each window averages, [1, 1, …]. */
function shares(c: GradientContext, window: Window): Tensor {
  const { kernel, strides, dilations, pads, output } = window;
  const sizes = c.dims(0).slice(2);
  const counted = intOf(c.node, 'count_include_pad', 0) !== 0;
  const explicit = (axis: number): number => (counted ? pads[axis + output.length] : 0);
  const along = output.map((size, axis) =>
    Array.from({ length: size }, (_, at) => {
      const start = at * strides[axis] - pads[axis];
      return Array.from({ length: kernel[axis] }, (__, tap) => start + tap * dilations[axis]).filter(
        (pixel) => (counted || pixel >= 0) && pixel < sizes[axis] + explicit(axis),
      ).length;
    }),
  );
  const data = tapsOf(output).map((position) => position.reduce((share, at, axis) => share / along[axis][at], 1));
  return createTensor('float32', [1, 1, ...output], data);
}

const averagePool: GradientRule = (c) => {
  const window = poolingWindow(c);
  const [batch, channels, ...sizes] = c.dims(0);
  const share = reshape(mul(c.dy, shares(c, window)), [batch * channels, 1, ...window.output]);
  const ones = createTensor('float32', [1, 1, ...window.kernel], new Float32Array(elementCount(window.kernel)).fill(1));
  return [reshape(operation('ConvTranspose', [share, ones], undoing(window, sizes)), c.dims(0))];
};

const globalAveragePool: GradientRule = (c) => {
  const dims = c.dims(0);
  const share = mul(c.dy, number(1 / elementCount(dims.slice(2))));
  return [operation('Expand', [share, createTensor('int64', [dims.length], dims)])];
};

/** Pixels that share the maximum share its gradient. */
const globalMaxPool: GradientRule = (c) => {
  const axes = c.dims(0).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  const largest = cast(operation('Equal', [c.x(0), c.y()]), 'float32');
  return [mul(largest, operation('Div', [c.dy, reduceSum(largest, axes, true)]))];
};

export const poolingGradients: GradientsOf<typeof pooling> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};
