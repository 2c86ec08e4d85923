import { int, intOf, ints } from '../graph/attributes.ts';
import { elementCount } from '../graph/tensors.ts';
import { convolutionWindow, transposedWindow } from '../ops/convolution.ts';
import type { convolution } from '../ops/convolution.ts';
import type { Window } from '../ops/windows.ts';
import { matmul, operation, pad, reduceSum, reshape, slice, transpose } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { extents, metByPoint, undoing } from './windows.ts';

const conv: GradientRule = (c) => {
  const relation: Relation = {
    window: convolutionWindow(c),
    large: c.dims(0),
    small: c.outputDims(),
    weights: c.dims(1),
    group: intOf(c.node, 'group', 1),
  };
  return [
    c.wants(0) ? dataGradient(c.dy, c.x(1), relation) : undefined,
    c.wants(1) ? filterGradient(c.x(0), c.dy, relation) : undefined,
    c.wants(2) ? biasGradient(c) : undefined,
  ];
};

/** A ConvTranspose is the data gradient of a Conv. So its own data gradient is that Conv, and both have one filter gradient. */
const convTranspose: GradientRule = (c) => {
  const window = { ...transposedWindow(c), output: c.dims(0).slice(2) };
  const group = intOf(c.node, 'group', 1);
  const relation: Relation = { window, large: c.outputDims(), small: c.dims(0), weights: c.dims(1), group };
  const { kernel, strides, dilations, pads } = window;
  return [
    c.wants(0)
      ? operation('Conv', [c.dy, c.x(1)], {
          kernel_shape: ints(kernel),
          strides: ints(strides),
          dilations: ints(dilations),
          pads: ints(pads),
          group: int(group),
        })
      : undefined,
    c.wants(1) ? filterGradient(c.dy, c.x(0), relation) : undefined,
    c.wants(2) ? biasGradient(c) : undefined,
  ];
};

function biasGradient(c: GradientContext): Expression {
  const axes = c.outputDims().flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return reduceSum(c.dy, axes, false);
}

/** Two values and the weights that lead from one to the other. */
interface Relation {
  readonly window: Window;
  /** The shape of what the window moves over: [N, C, …]. */
  readonly large: readonly number[];
  /** The shape of what it gives: [N, M, …]. */
  readonly small: readonly number[];
  /** [M, C / group, …] */
  readonly weights: readonly number[];
  readonly group: number;
}

/**
 * The gradient of a convolution by what its window moves over: a ConvTranspose; where the stride is 1, the faster Conv with the
 * weights turned around.
 *
 * @param gradient by what the window gives
 */
function dataGradient(gradient: Expression, weights: Expression, relation: Relation): Expression {
  const { window, large, weights: shape, group } = relation;
  const { kernel, strides, dilations, pads, output } = window;
  const sizes = large.slice(2);
  const extent = extents(window);
  const strided = strides.some((stride) => stride !== 1);
  // Several channels for each of the input: WebGPU's ConvTranspose is wrong there (ONNX Runtime 1.30).
  const spread = strided && shape[1] === 1 && shape[0] > group;
  const spaced = spread ? output.map((size, axis) => size * strides[axis]) : output;
  const begins = extent.map((size, axis) => size - 1 - pads[axis]);
  const ends = spaced.map((size, axis) => sizes[axis] + extent[axis] - 1 - size - begins[axis]);
  if ((strided && !spread) || begins.some((size) => size < 0) || (!spread && ends.some((size) => size < 0)))
    return operation('ConvTranspose', [gradient, weights], { ...undoing(window, sizes), group: int(group) });
  const result = operation('Conv', [spread ? spacedOut(gradient, relation) : gradient, turned(weights, relation)], {
    kernel_shape: ints(kernel),
    dilations: ints(dilations),
    pads: ints([...begins, ...ends.map((size) => Math.max(0, size))]),
    group: int(group),
  });
  return firsts(
    result,
    sizes.map((size, axis) => size + Math.max(0, -ends[axis])),
    sizes,
    2,
  );
}

/** Every pixel followed by zeros, as many as the stride leaves out. */
function spacedOut(value: Expression, { window, small }: Relation): Expression {
  const { strides, output } = window;
  const apart = reshape(value, [...small.slice(0, 2), ...output.flatMap((size) => [size, 1])]);
  const none = [0, 0, ...output.flatMap(() => [0, 0])];
  const padded = pad(apart, [...none, 0, 0, ...strides.flatMap((stride) => [0, stride - 1])]);
  return reshape(padded, [...small.slice(0, 2), ...output.map((size, axis) => size * strides[axis])]);
}

/** The weights for the way back: [M, C / group, …] → [C, M / group, …], the kernel point-mirrored. */
function turned(weights: Expression, { weights: shape, group }: Relation): Expression {
  const [made, channels, ...kernel] = shape;
  const axes = kernel.map((_, axis) => axis);
  let result = weights;
  if (group === 1) result = transpose(result, [1, 0, ...axes.map((axis) => axis + 2)]);
  else if (made > group || channels > 1) {
    const grouped = reshape(result, [group, made / group, channels, ...kernel]);
    const swapped = transpose(grouped, [0, 2, 1, ...axes.map((axis) => axis + 3)]);
    result = reshape(swapped, [group * channels, made / group, ...kernel]);
  }
  if (kernel.every((size) => size === 1)) return result;
  return slice(
    result,
    axes.map((axis) => axis + 2),
    axes.map(() => -1),
    kernel.map((size) => -size - 1),
    axes.map(() => -1),
  );
}

/**
 * The gradient of a convolution by its weights: Σ over items and positions of what each tap meets times the gradient by what the
 * window gives.
 *
 * @param large what the window moves over, or the gradient by it
 * @param small what it gives, or the gradient by it
 */
function filterGradient(large: Expression, small: Expression, relation: Relation): Expression {
  const { weights, group } = relation;
  const [made, channels, ...kernel] = weights;
  if (channels === 1 && made === group) return depthwiseFilterGradient(large, small, relation);
  if (group === 1 && kernel.every((size) => size === 1)) return pointFilterGradient(large, small, relation);
  return windowFilterGradient(large, small, relation);
}

/** Each channel of each item for itself: it is convolved with its gradient as the kernel; then the sum over the items. */
function depthwiseFilterGradient(large: Expression, small: Expression, relation: Relation): Expression {
  const { window, weights } = relation;
  const [batch, channels, ...sizes] = relation.large;
  const planes = batch * channels;
  const { kernel, strides, dilations, pads, output } = exchanged(relation);
  const image = reshape(large, [1, planes, ...sizes]);
  const apart = operation('Conv', [image, reshape(small, [planes, 1, ...kernel])], {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints(pads),
    group: int(planes),
  });
  const sum = reduceSum(reshape(apart, [batch, channels, ...output]), [0], false);
  return reshape(firsts(sum, output, window.kernel, 1), weights);
}

/** Where an item has more positions than this, a matrix product for each item is faster than one that needs them side by side. */
const MANY_POSITIONS = 512;

/** A kernel of one pixel: matrix products. */
function pointFilterGradient(large: Expression, small: Expression, relation: Relation): Expression {
  const { window, weights } = relation;
  const [batch, made] = relation.small;
  const channels = weights[1];
  const positions = elementCount(window.output);
  const met = metByPoint(large, relation.large, window);
  if (positions > MANY_POSITIONS) {
    const [a, b] = [reshape(small, [batch, made, positions]), reshape(met, [batch, channels, positions])];
    return reshape(reduceSum(matmul(a, transpose(b, [0, 2, 1])), [0], false), weights);
  }
  const rows = reshape(channelsLast(met, relation), [batch * positions, channels]);
  return reshape(matmul(reshape(itemsSecond(small, relation), [made, batch * positions]), rows), weights);
}

/**
 * As a convolution again, whose kernel is the gradient: items take the place of channels, and each pixel of the last axis becomes the C
 * pixels of its channels, so that [N, H, W, C] is one item with N channels of H × (W·C) pixels and gives kernel height × (kernel
 * width·C). The inner matrix product is about as fast as that of the forward pass, and im2col's columns never exist as a whole.
 */
function windowFilterGradient(large: Expression, small: Expression, relation: Relation): Expression {
  const { weights, group } = relation;
  const [batch] = relation.large;
  const [made, channels, ...kernel] = weights;
  const sizes = relation.large.slice(2);
  const axes = sizes.map((_, axis) => axis);
  const last = axes.length - 1;
  const image =
    group === 1
      ? channelsLast(large, relation)
      : transpose(reshape(large, [batch, group, channels, ...sizes]), [1, 0, ...axes.map((axis) => axis + 3), 2]);
  // A step along the last axis would be one from channel to channel: all pixels are taken, and the wanted ones picked.
  const { kernel: positions, strides, dilations, pads, output } = exchanged(relation, last);
  const widened = (list: readonly number[]): readonly number[] =>
    list.map((value, axis) => (axis % axes.length === last ? value * channels : value));
  const product = operation(
    'Conv',
    [
      reshape(image, [1, group * batch, ...widened(sizes)]),
      reshape(itemsSecond(small, relation), [made, batch, ...positions]),
    ],
    {
      kernel_shape: ints(positions),
      strides: ints(strides),
      dilations: ints(widened(dilations)),
      pads: ints(widened(pads)),
      group: int(group),
    },
  );
  const step = relation.window.dilations[last];
  const taps = firsts(reshape(product, [made, ...output, channels]), output, kernel, 1, step);
  return transpose(taps, [0, last + 2, ...axes.map((axis) => axis + 1)]);
}

/** [N, C, …] → [N, …, C] */
function channelsLast(value: Expression, { window }: Relation): Expression {
  return transpose(value, [0, ...window.output.map((_, axis) => axis + 2), 1]);
}

/** [N, M, …] → [M, N, …] */
function itemsSecond(value: Expression, { window }: Relation): Expression {
  return transpose(value, [1, 0, ...window.output.map((_, axis) => axis + 2)]);
}

/**
 * The window of the convolution that gives a filter gradient: its kernel is what the window gave, and it gives the kernel, so that
 * strides and dilations change places. It gives more than the kernel where the window left pixels over.
 *
 * @param unit an axis along which it moves by single pixels all the same
 */
function exchanged({ window, large }: Relation, unit?: number): Window {
  const { kernel, dilations, pads, output } = window;
  const sizes = large.slice(2);
  const extent = extents(window);
  const begins = pads.slice(0, sizes.length);
  const over = sizes.map(
    (size, axis) => size + begins[axis] - extent[axis] - (output[axis] - 1) * window.strides[axis],
  );
  const strides = dilations.map((dilation, axis) => (axis === unit ? 1 : dilation));
  return {
    kernel: output,
    strides,
    dilations: window.strides,
    pads: [...begins, ...over.map((pixels) => Math.max(0, -pixels))],
    output: kernel.map((_, axis) => Math.floor((extent[axis] - 1 + Math.max(0, over[axis])) / strides[axis]) + 1),
  };
}

/** The first `wanted` of `sizes` along the axes from `axis` on; along the last axis, every `step`-th. */
function firsts(
  value: Expression,
  sizes: readonly number[],
  wanted: readonly number[],
  axis: number,
  step = 1,
): Expression {
  if (step === 1 && sizes.every((size, i) => size === wanted[i])) return value;
  const steps = wanted.map((_, i) => (i === wanted.length - 1 ? step : 1));
  const ends = wanted.map((size, i) => (size - 1) * steps[i] + 1);
  return slice(
    value,
    sizes.map((_, i) => axis + i),
    sizes.map(() => 0),
    ends,
    steps,
  );
}

export const convolutionGradients: GradientsOf<typeof convolution> = { Conv: conv, ConvTranspose: convTranspose };
