import { ints } from '../graph/attributes.ts';
import type { Attribute } from '../graph/types.ts';
import type { Window } from '../ops/windows.ts';
import { pad, slice } from './expressions.ts';
import type { Expression } from './expressions.ts';

/** How many pixels a window spans along each axis, dilation counted. */
export function extents({ kernel, dilations }: Window): readonly number[] {
  return kernel.map((size, axis) => (size - 1) * dilations[axis] + 1);
}

/** All places of a grid, the last axis fastest: the taps of a kernel, the positions of a window, the pixels of an image. */
export function placesOf(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>(
    (places, size) => places.flatMap((place) => Array.from({ length: size }, (_, at) => [...place, at])),
    [[]],
  );
}

/**
 * Which pixel each tap of a window meets at each of its positions: for each tap a list of the pixels' places in the image, row by row, with
 * undefined for the padding.
 *
 * @param sizes of the image
 */
export function pixelsOfTaps(window: Window, sizes: readonly number[]): readonly (readonly (number | undefined)[])[] {
  const { strides, dilations, pads } = window;
  const positions = placesOf(window.output);
  return placesOf(window.kernel).map((tap) =>
    positions.map((position) => {
      let pixel = 0;
      for (const [axis, size] of sizes.entries()) {
        const at = position[axis] * strides[axis] + tap[axis] * dilations[axis] - pads[axis];
        if (at < 0 || at >= size) return undefined;
        pixel = pixel * size + at;
      }
      return pixel;
    }),
  );
}

/** What a window of a single pixel meets, as it moves: [N, C, …] of the window's output. */
export function metByPoint(x: Expression, dims: readonly number[], { strides, pads, output }: Window): Expression {
  const rank = output.length;
  const begins = pads.slice(0, rank);
  const reach = output.map((size, axis) => (size - 1) * strides[axis] + 1);
  const ends = reach.map((size, axis) => Math.max(0, size - begins[axis] - dims[axis + 2]));
  const padded = pad(x, [0, 0, ...begins, 0, 0, ...ends]);
  const uncut = reach.every((size, axis) => strides[axis] === 1 && size === begins[axis] + dims[axis + 2] + ends[axis]);
  if (uncut) return padded;
  return slice(
    padded,
    output.map((_, axis) => axis + 2),
    output.map(() => 0),
    reach,
    strides,
  );
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
