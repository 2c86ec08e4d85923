import { expect, test } from 'vitest';
import { ints } from '../../main/engine/graph/attributes.ts';
import { createTensor, elementCount } from '../../main/engine/graph/tensors.ts';
import { gradientsOf } from '../support/gradients.ts';

const level = { variable: createTensor('float32', [1, 1, 4, 4], new Float32Array(16).fill(1)) };

/** Which pixels of an image without any contrast get a share of the gradient, all weights of the loss being different. */
async function pixelsOf(op: 'MaxPool' | 'GlobalMaxPool', attributes = {}): Promise<number[]> {
  const [[gradient]] = await gradientsOf([{ op, inputs: [level], attributes }]);
  expect(elementCount(gradient.shape)).toBe(16);
  return Array.from(gradient.data, Number).flatMap((share, pixel) => (share === 0 ? [] : [pixel]));
}

test('MaxPool: of equal pixels of a window the first one gets the gradient', async () => {
  const window = { kernel_shape: ints([2, 2]), strides: ints([2, 2]) };
  expect(await pixelsOf('MaxPool', window)).toEqual([0, 2, 8, 10]);
  const overlapping = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 0, 0]) };
  expect(await pixelsOf('MaxPool', overlapping)).toEqual([0, 1, 4, 5]);
});

test('GlobalMaxPool: equal pixels share the gradient', async () => {
  expect(await pixelsOf('GlobalMaxPool')).toHaveLength(16);
});
