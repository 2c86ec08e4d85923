import { int, ints, string } from '../../../main/engine/graph/attributes.ts';
import type { Attribute } from '../../../main/engine/graph/types.ts';
import type { GradientCase } from '../gradients.ts';

/** Settings of a window: lists, a number of groups, a way of padding. */
export type WindowSettings = Readonly<Record<string, readonly number[] | number | string>>;

export function windowAttributes(settings: WindowSettings): Readonly<Record<string, Attribute>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (typeof value === 'string') return [name, string(value)];
      return [name, typeof value === 'number' ? int(value) : ints(value)];
    }),
  );
}

function convolution(
  input: readonly number[],
  weights: readonly number[],
  settings: WindowSettings = {},
): GradientCase {
  return { op: 'Conv', inputs: [input, weights, [weights[0]]], attributes: windowAttributes(settings) };
}

function transposed(input: readonly number[], weights: readonly number[], settings: WindowSettings = {}): GradientCase {
  const group = typeof settings['group'] === 'number' ? settings['group'] : 1;
  return {
    op: 'ConvTranspose',
    inputs: [input, weights, [weights[1] * group]],
    attributes: windowAttributes(settings),
  };
}

const image = [2, 3, 7, 6];
const large = [2, 3, 8, 9];

export const convolutionCases: readonly GradientCase[] = [
  { op: 'Conv', inputs: [image, [4, 3, 3, 3]] },
  convolution(image, [4, 3, 3, 3]),
  convolution(image, [4, 3, 3, 3], { pads: [1, 1, 1, 1] }),
  convolution(image, [4, 3, 2, 3], { pads: [1, 0, 2, 1] }),
  // Padding wider than the kernel, a kernel as large as the image.
  convolution([2, 3, 5, 5], [4, 3, 2, 2], { pads: [3, 2, 3, 3] }),
  convolution(image, [4, 3, 7, 6]),
  // Strides, with pixels that no window reaches, and with windows that leave pixels out.
  convolution(image, [4, 3, 3, 3], { pads: [1, 0, 2, 1], strides: [2, 2] }),
  convolution(large, [4, 3, 3, 3], { pads: [0, 1, 0, 2], strides: [2, 3] }),
  convolution(large, [4, 3, 2, 2], { strides: [3, 4] }),
  convolution([2, 3, 11, 11], [4, 3, 7, 7], { pads: [3, 3, 3, 3], strides: [2, 2] }),
  ...['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((mode) =>
    convolution(large, [4, 3, 3, 3], { auto_pad: mode, strides: [2, 2] }),
  ),
  convolution(large, [4, 3, 3, 2], { dilations: [2, 3], pads: [2, 1, 0, 0] }),
  convolution(large, [4, 3, 3, 2], { dilations: [2, 2], pads: [2, 1, 0, 0], strides: [3, 2] }),
  // A kernel of one pixel, few and many positions.
  convolution(large, [4, 3, 1, 1]),
  convolution([2, 3, 24, 24], [2, 3, 1, 1]),
  convolution([2, 3, 5, 5], [4, 3, 1, 1], { strides: [2, 2] }),
  convolution([2, 3, 5, 5], [4, 3, 1, 1], { pads: [1, 1, 1, 0] }),
  // Groups.
  convolution([2, 4, 6, 5], [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  convolution([2, 4, 6, 5], [6, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1], strides: [2, 2] }),
  convolution([2, 4, 6, 7], [6, 2, 2, 3], { group: 2, dilations: [2, 2], strides: [1, 2] }),
  convolution([2, 4, 6, 5], [6, 2, 1, 1], { group: 2 }),
  // Depthwise, one channel or several for each.
  convolution([2, 5, 6, 7], [5, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] }),
  convolution([2, 4, 6, 7], [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1], strides: [2, 2] }),
  convolution([2, 4, 9, 8], [4, 1, 3, 3], { group: 4, pads: [2, 1, 2, 2], dilations: [2, 1], strides: [1, 2] }),
  convolution([2, 5, 6, 7], [10, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] }),
  convolution([2, 5, 6, 7], [10, 1, 3, 3], { group: 5, auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  convolution([2, 2, 5, 5], [4, 1, 1, 1], { group: 2, strides: [2, 2] }),
  // One axis.
  convolution([2, 3, 11], [4, 3, 3], { pads: [1, 1] }),
  convolution([2, 3, 11], [4, 3, 3], { pads: [1, 2], strides: [2], dilations: [2] }),
  convolution([2, 4, 11], [4, 1, 3], { pads: [1, 1], group: 4 }),
  transposed([2, 3, 4, 5], [3, 4, 3, 3]),
  transposed([2, 3, 4, 3], [3, 4, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }),
  transposed([2, 4, 4, 3], [4, 2, 3, 3], { strides: [2, 2], pads: [1, 0, 1, 1], group: 2 }),
  transposed([2, 3, 4, 3], [3, 4, 2, 2], { strides: [2, 2] }),
  transposed([2, 3, 4, 3], [3, 4, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  transposed([2, 4, 4, 3], [4, 1, 3, 3], { strides: [2, 2], group: 4 }),
  transposed([2, 4, 6], [4, 2, 3], { strides: [2], dilations: [2] }),
];
