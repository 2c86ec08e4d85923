import { intOf, intsOf, stringOf } from '../graph/attributes.ts';
import type { AttributeKind } from '../graph/attributes.ts';
import { ofOneItem } from '../graph/dimensions.ts';
import { elementCount } from '../graph/tensors.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import { resolveWindow, spatialInts, splitPad } from './windows.ts';
import type { Window } from './windows.ts';

const windowAttributes: Readonly<Record<string, AttributeKind>> = {
  auto_pad: 'string',
  dilations: 'ints',
  group: 'int',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
};

/** Weights, checked against the input; `inputAxis` is the axis of the weights that meets the input's channels. */
function weights(
  context: NodeContext,
  inputAxis: 0 | 1,
): { sizes: readonly number[]; shape: readonly number[]; group: number } {
  const sizes = context.sizes(0, 1);
  const shape = context.sizes(1, 0);
  const group = intOf(context.node, 'group', 1);
  context.commonType(context.has(2) ? [0, 1, 2] : [0, 1]);
  if (sizes.length < 2 || shape.length !== sizes.length + 1)
    context.fail('the input must be of the form [N, C, …] and the weights have as many dimensions');
  if (group < 1 || sizes[0] % group !== 0 || shape[0] % group !== 0)
    context.fail(`the channels do not divide into ${group} groups`);
  const expected = inputAxis === 1 ? shape[1] * group : shape[0];
  if (sizes[0] !== expected)
    context.fail(`the input has ${sizes[0]} channels but the weights are made for ${expected}`);
  const declared = intsOf(context.node, 'kernel_shape');
  if (declared && (declared.length !== shape.length - 2 || declared.some((size, i) => size !== shape[i + 2])))
    context.fail(`kernel_shape ${declared.join('×')} is not that of the weights`);
  const made = inputAxis === 1 ? shape[0] : shape[1] * group;
  const bias = context.has(2) ? context.sizes(2, 0) : [made];
  if (bias.length !== 1 || bias[0] !== made) context.fail(`the bias must have ${made} values`);
  return { sizes, shape, group };
}

/** The window of a Conv; `auto_pad` resolved. */
export function convolutionWindow(context: NodeContext): Window {
  const { sizes, shape } = weights(context, 1);
  return resolveWindow(context, sizes.slice(1), shape.slice(2));
}

/** The window of a ConvTranspose: the inverse relation of sizes. `auto_pad` and `output_shape` resolved. */
export function transposedWindow(context: NodeContext): Window {
  const { node } = context;
  const { sizes, shape } = weights(context, 0);
  const spatial = sizes.slice(1);
  const kernel = shape.slice(2);
  const rank = spatial.length;
  const strides = spatialInts(context, 'strides', rank, 1);
  const dilations = spatialInts(context, 'dilations', rank, 1);
  const extra = spatialInts(context, 'output_padding', rank, 0);
  const explicit = spatialInts(context, 'pads', 2 * rank, 0);
  const mode = stringOf(node, 'auto_pad', 'NOTSET');
  const wanted = intsOf(node, 'output_shape')?.slice(-rank);
  const pads = [...explicit];
  const output = spatial.map((size, axis) => {
    const full = (size - 1) * strides[axis] + extra[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    const same = mode === 'SAME_UPPER' || mode === 'SAME_LOWER' ? size * strides[axis] : undefined;
    const target = wanted?.[axis] ?? same;
    if (target !== undefined && target > full) context.fail(`its kernel reaches ${full} pixels, not ${target}`);
    if (target !== undefined)
      [pads[axis], pads[axis + rank]] = splitPad(
        Math.max(0, full - target),
        mode === 'SAME_UPPER' ? mode : 'SAME_LOWER',
      );
    else if (mode === 'VALID') [pads[axis], pads[axis + rank]] = [0, 0];
    const out = full - pads[axis] - pads[axis + rank];
    if (out < 1) context.fail('the padding takes away the whole output');
    return out;
  });
  return { kernel, strides, dilations, pads, output };
}

export const convolution = {
  Conv: {
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: windowAttributes,
    infer(context) {
      const { output } = convolutionWindow(context);
      return [{ type: context.type(0), shape: [context.shape(0)[0], context.shape(1)[0], ...output] }];
    },
    multiplyAdds(context, [output]) {
      // Each output element sums over the kernel and the channels of its group.
      return elementCount(ofOneItem(output.shape)) * elementCount(context.sizes(1, 1));
    },
  },
  ConvTranspose: {
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { ...windowAttributes, output_padding: 'ints', output_shape: 'ints' },
    infer(context) {
      const { output } = transposedWindow(context);
      const channels = context.sizes(1, 0)[1] * intOf(context.node, 'group', 1);
      return [{ type: context.type(0), shape: [context.shape(0)[0], channels, ...output] }];
    },
    multiplyAdds(context) {
      // Each input element is spread over the kernel and the channels of its group.
      return elementCount(ofOneItem(context.shape(0))) * elementCount(context.sizes(1, 1));
    },
  },
} satisfies OperatorTable;
