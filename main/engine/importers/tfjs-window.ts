import { ints } from '../graph/attributes.ts';
import type { Attribute } from '../graph/types.ts';
import type { LayerScope } from './tfjs-scope.ts';

/** Where a kernel moves over an image. */
export interface Window {
  readonly height: number;
  readonly width: number;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * The window's attributes and the size of its result. TensorFlow's "same" gives ⌈size / stride⌉ and pads
 * max((⌈size / stride⌉ − 1)·stride + kernel − size, 0) in all, the odd one at the end: it depends on the input size.
 * (tensorflow.org, tf.nn, "Notes on padding".)
 *
 * @param kernel height and width; a dilated kernel counts with its gaps
 */
export function windowOver(
  scope: LayerScope,
  size: readonly [number, number],
  kernel: readonly [number, number],
  strides: readonly [number, number],
  dilations: readonly [number, number] = [1, 1],
): Window {
  const padding = scope.config.string('padding', 'valid');
  if (padding !== 'same' && padding !== 'valid') scope.fail(`the padding "${padding}" is not known`);
  const before: number[] = [];
  const after: number[] = [];
  const results: number[] = [];
  for (let axis = 0; axis < 2; axis++) {
    const reach = (kernel[axis] - 1) * dilations[axis] + 1;
    if (padding === 'valid' && reach > size[axis])
      scope.fail(`its window of ${reach} does not fit into the ${size[axis]} values that are left of the image`);
    const result =
      padding === 'same' ? Math.ceil(size[axis] / strides[axis]) : Math.floor((size[axis] - reach) / strides[axis]) + 1;
    const pads = padding === 'same' ? Math.max((result - 1) * strides[axis] + reach - size[axis], 0) : 0;
    results.push(result);
    before.push(Math.floor(pads / 2));
    after.push(pads - Math.floor(pads / 2));
  }
  return {
    height: results[0],
    width: results[1],
    attributes: { kernel_shape: ints(kernel), strides: ints(strides), pads: ints([...before, ...after]) },
  };
}
