import { describe, expect, test } from 'vitest';
import { float } from '../../main/engine/graph/attributes.ts';
import { createTensor, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import type { GradientCase } from '../support/gradients.ts';
import { gradientsOf } from '../support/gradients.ts';

const at = (...values: readonly number[]) => ({ variable: createTensor('float32', [values.length], values) });

/** The derivatives of y by the elements of each variable, as their sum has them. */
async function slopes(each: GradientCase): Promise<number[][]> {
  const [gradients] = await gradientsOf([{ ...each, plainSum: true }]);
  return gradients.map(({ data }) => Array.from(data, Number).map((slope) => slope + 0)); // no −0
}

describe('where an operator has a kink, its slope is PyTorch’s', () => {
  const tiny = 2 ** -12;
  test.each<[string, GradientCase, number[][]]>([
    ['Relu: 0 at 0', { op: 'Relu', inputs: [at(-1, 0, tiny, 1)] }, [[0, 0, 1, 1]]],
    [
      'LeakyRelu: that below 0',
      { op: 'LeakyRelu', inputs: [at(-1, 0, tiny)], attributes: { alpha: float(0.25) } },
      [[0.25, 0.25, 1]],
    ],
    ['Elu: that below 0', { op: 'Elu', inputs: [at(0, 1)], attributes: { alpha: float(0.5) } }, [[0.5, 1]]],
    ['Clip: 0 at the bounds', { op: 'Clip', inputs: [at(0, tiny, 6 - tiny, 6), scalar(0), scalar(6)] }, [[0, 1, 1, 0]]],
    [
      'HardSigmoid: 0 at the bounds',
      { op: 'HardSigmoid', inputs: [at(-2, 0, 2)], attributes: { alpha: float(0.25) } },
      [[0, 0.25, 0]],
    ],
    ['Abs: 0 at 0', { op: 'Abs', inputs: [at(-1, 0, tiny)] }, [[-1, 0, 1]]],
    ['PRelu: the slope at 0', { op: 'PRelu', inputs: [at(-1, 0, 1), scalar(0.5)] }, [[0.5, 0.5, 1]]],
    [
      'Max: a half each of what is equal',
      { op: 'Max', inputs: [at(1, 2, 3), at(0, 2, 4)] },
      [
        [1, 0.5, 0],
        [0, 0.5, 1],
      ],
    ],
    [
      'Min: a half each of what is equal',
      { op: 'Min', inputs: [at(1, 2, 3), at(0, 2, 4)] },
      [
        [0, 0.5, 1],
        [1, 0.5, 0],
      ],
    ],
    ['ReduceMax: shared by what is equal', { op: 'ReduceMax', inputs: [at(2, 1, 2), int64s([0])] }, [[0.5, 0, 0.5]]],
    ['ReduceL1: 0 at 0', { op: 'ReduceL1', inputs: [at(-1, 0, 1)] }, [[-1, 0, 1]]],
    ['ReduceL2: 0 at 0', { op: 'ReduceL2', inputs: [at(0, 0)] }, [[0, 0]]],
    ['Pow: 0 at 0', { op: 'Pow', inputs: [at(0), at(2)] }, [[0], [0]]],
  ])('%s', async (_, each, expected) => {
    expect(await slopes(each)).toEqual(expected);
  });
});
