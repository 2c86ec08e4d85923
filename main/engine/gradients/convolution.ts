import { int, intOf, ints } from '../graph/attributes.ts';
import { elementCount } from '../graph/tensors.ts';
import { convolutionWindow, transposedWindow } from '../ops/convolution.ts';
import type { convolution } from '../ops/convolution.ts';
import type { Window } from '../ops/windows.ts';
import { concat, matmul, operation, reduceSum, reshape, slice, transpose } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { extents, metByTaps, undoing } from './windows.ts';

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
  const { window, large, group } = relation;
  const { kernel, strides, dilations, pads, output } = window;
  const sizes = large.slice(2);
  const begins = extents(window).map((extent, axis) => extent - 1 - pads[axis]);
  const ends = output.map((size, axis) => sizes[axis] + extents(window)[axis] - 1 - size - begins[axis]);
  if (strides.some((stride) => stride !== 1) || [...begins, ...ends].some((size) => size < 0))
    return operation('ConvTranspose', [gradient, weights], { ...undoing(window, sizes), group: int(group) });
  return operation('Conv', [gradient, turned(weights, relation)], {
    kernel_shape: ints(kernel),
    dilations: ints(dilations),
    pads: ints([...begins, ...ends]),
    group: int(group),
  });
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
 * The gradient of a convolution by its weights: what each tap meets as columns of a matrix (im2col), times the gradient by what
 * the window gives, summed over the batch.
 *
 * @param large what the window moves over, or the gradient by it
 * @param small what it gives, or the gradient by it
 */
function filterGradient(large: Expression, small: Expression, relation: Relation): Expression {
  const { window, weights, group } = relation;
  const [batch, made] = relation.small;
  const [, channels, ...kernel] = weights;
  const positions = elementCount(window.output);
  const met = metByTaps(large, relation.large, window).map((column) =>
    reshape(column, [batch, group, channels, positions]),
  );
  const gradient = reshape(small, [batch, group, made / group, positions]);
  const product = matmul(gradient, transpose(concat(met, 2), [0, 1, 3, 2]));
  const apart = reshape(reduceSum(product, [0], false), [made, ...kernel, channels]);
  return transpose(apart, [0, kernel.length + 1, ...kernel.map((_, axis) => axis + 1)]);
}

export const convolutionGradients: GradientsOf<typeof convolution> = { Conv: conv, ConvTranspose: convTranspose };
