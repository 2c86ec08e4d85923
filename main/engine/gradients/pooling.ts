import { int, intOf } from '../graph/attributes.ts';
import { createTensor, elementCount } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';
import { poolingWindow } from '../ops/pooling.ts';
import type { pooling } from '../ops/pooling.ts';
import type { Window } from '../ops/windows.ts';
import { add, cast, concat, gather, mul, number, operation, reduceSum, reshape, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { pixelsOfTaps, placesOf, undoing } from './windows.ts';

/**
 * The gradient goes to the first pixel of each window, in reading order, that is its maximum. Images are taken as rows of pixels, which tables
 * of places lead from and back to.
 */
const maxPool: GradientRule = (c) => {
  const window = poolingWindow(c);
  const [batch, channels, ...sizes] = c.dims(0);
  const count = elementCount(sizes);
  const positions = elementCount(window.output);
  const met = pixelsOfTaps(window, sizes);
  const one = (value: number): Tensor =>
    createTensor('float32', [batch, channels, 1], new Float32Array(batch * channels).fill(value));

  const outside = met.some((pixels) => pixels.includes(undefined));
  const rows = reshape(c.x(0), [batch, channels, count]);
  const image = outside ? concat([rows, one(-Infinity)], 2) : rows;
  const largest = reshape(c.y(), [batch, channels, positions]);
  // What is left of the gradient once the taps before have taken theirs.
  let left: Expression = reshape(c.dy, [batch, channels, positions]);
  const parts: Expression[] = [];
  met.forEach((pixels, tap) => {
    const value = gather(
      image,
      2,
      pixels.map((pixel) => pixel ?? count),
    );
    const part = mul(left, cast(operation('Equal', [value, largest]), 'float32'));
    parts.push(part);
    if (tap < met.length - 1) left = sub(left, part);
  });

  // Where each pixel's parts are, one after the other; the zero behind them all where it has no more.
  const owed = Array.from({ length: count }, (): number[] => []);
  met.forEach((pixels, tap) =>
    pixels.forEach((pixel, position) => {
      if (pixel !== undefined) owed[pixel].push(tap * positions + position);
    }),
  );
  const most = owed.reduce((longest, list) => Math.max(longest, list.length), 1);
  const stack = concat([...parts, one(0)], 2);
  const terms = Array.from({ length: most }, (_, i) =>
    gather(
      stack,
      2,
      owed.map((list) => list[i] ?? met.length * positions),
    ),
  );
  return [reshape(terms.reduce(add), c.dims(0))];
};

/** One over how many pixels each window averages: a number where it is the same for all, [1, 1, …] otherwise. */
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
  const data = placesOf(output).map((position) => position.reduce((share, at, axis) => share / along[axis][at], 1));
  return data.every((share) => share === data[0]) ? number(data[0]) : createTensor('float32', [1, 1, ...output], data);
}

/** The way back of a depthwise convolution whose weights are all one. */
const averagePool: GradientRule = (c) => {
  const window = poolingWindow(c);
  const [, channels, ...sizes] = c.dims(0);
  const shape = [channels, 1, ...window.kernel];
  const ones = createTensor('float32', shape, new Float32Array(elementCount(shape)).fill(1));
  const share = mul(c.dy, shares(c, window));
  return [operation('ConvTranspose', [share, ones], { ...undoing(window, sizes), group: int(channels) })];
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
