import { ints } from '../graph/attributes.ts';
import type { Attribute } from '../graph/types.ts';
import type { Window } from '../ops/windows.ts';
import { pad, slice } from './expressions.ts';
import type { Expression } from './expressions.ts';

/** How many pixels a window spans along each axis, dilation counted. */
export function extents({ kernel, dilations }: Window): readonly number[] {
  return kernel.map((size, axis) => (size - 1) * dilations[axis] + 1);
}

/** The offsets of the taps of a kernel, the last axis fastest. */
export function tapsOf(kernel: readonly number[]): readonly (readonly number[])[] {
  return kernel.reduce<readonly (readonly number[])[]>(
    (taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, at) => [...tap, at])),
    [[]],
  );
}

/**
 * What each tap of a window meets, as it moves: for each of tapsOf(kernel) a value of the window's output shape.
 *
 * @param x [N, C, …]
 * @param dims its shape
 * @param padding what to put around it
 */
export function metByTaps(x: Expression, dims: readonly number[], window: Window, padding = 0): readonly Expression[] {
  const { strides, dilations, pads, output } = window;
  const rank = output.length;
  const extent = extents(window);
  const reach = output.map((size, axis) => (size - 1) * strides[axis]);
  const begins = pads.slice(0, rank);
  const ends = reach.map((last, axis) => Math.max(0, last + extent[axis] - begins[axis] - dims[axis + 2]));
  const padded = pad(x, [0, 0, ...begins, 0, 0, ...ends], padding);
  const axes = output.map((_, axis) => axis + 2);
  return tapsOf(window.kernel).map((tap) => {
    const starts = tap.map((at, axis) => at * dilations[axis]);
    const stops = starts.map((start, axis) => start + reach[axis] + 1);
    const all = axes.every((_, axis) => starts[axis] === 0 && strides[axis] === 1 && extent[axis] === 1);
    const uncut = axes.every((_, axis) => reach[axis] + extent[axis] === dims[axis + 2] + begins[axis] + ends[axis]);
    return all && uncut ? padded : slice(padded, axes, starts, stops, strides);
  });
}

/**
 * The attributes of the ConvTranspose that undoes a window's relation of sizes: from the window's output back to what it moved over.
 *
 * @param sizes what the window moved over, its spatial sizes
 */
export function undoing(window: Window, sizes: readonly number[]): Readonly<Record<string, Attribute>> {
  const { kernel, strides, dilations, pads, output } = window;
  const begins = pads.slice(0, kernel.length);
  const extent = extents(window);
  const beyond = output.map((size, axis) => sizes[axis] + begins[axis] - (size - 1) * strides[axis] - extent[axis]);
  return {
    kernel_shape: ints(kernel),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...begins, ...beyond.map((pixels) => Math.max(0, -pixels))]),
    output_padding: ints(beyond.map((pixels) => Math.max(0, pixels))),
  };
}
