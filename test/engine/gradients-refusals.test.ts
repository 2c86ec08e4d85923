import { expect, test } from 'vitest';
import { int, string } from '../../main/engine/graph/attributes.ts';
import { createTensor, scalar } from '../../main/engine/graph/tensors.ts';
import type { GradientCase } from '../support/gradients.ts';
import { operatorsOf, titleOf } from '../support/gradients.ts';

const yes = createTensor('bool', [], [1]);
const floats = (...values: readonly number[]) => createTensor('float32', [values.length], values);

test.each<[GradientCase, RegExp]>([
  [{ op: 'Mod', inputs: [[3], scalar(2)], attributes: { fmod: int(1) } }, /cannot be trained: a remainder jumps/],
  [{ op: 'ReduceProd', inputs: [[3]] }, /cannot be trained: the gradient of a product/],
  [{ op: 'Dropout', inputs: [[3], scalar(0.5), yes] }, /drops values at random/],
  [{ op: 'Clip', inputs: [[3], []] }, /bounds cannot be trained/],
  [{ op: 'LayerNormalization', inputs: [[2, 3], [3], [3]], outputs: 2 }, /moments are used further on/],
  [
    {
      op: 'Resize',
      inputs: [[1, 1, 4, 4], undefined, floats(1, 1, 0.5, 0.5)],
      attributes: { mode: string('linear'), antialias: int(1) },
    },
    /antialias cannot be trained through/,
  ],
])('a setting under which there is no rule is refused with the reason: %#', (each, reason) => {
  expect(() => operatorsOf([each]), titleOf(each)).toThrow(expect.objectContaining({ name: 'EngineError' }));
  expect(() => operatorsOf([each])).toThrow(reason);
  expect(() => operatorsOf([each])).toThrow(new RegExp(`^${each.op} "`));
});
