import { int, string } from '../../../main/engine/graph/attributes.ts';
import { createTensor, int64s } from '../../../main/engine/graph/tensors.ts';
import type { GradientCase } from '../gradients.ts';

const x = [3, 4, 5];

/** `axis:start:end:step`, one for each axis that is cut. */
function slice(...cuts: readonly (readonly [axis: number, start: number, end: number, step: number])[]): GradientCase {
  const [axes, starts, ends, steps] = [0, 1, 2, 3].map((at) => int64s(cuts.map((cut) => cut[at])));
  return { op: 'Slice', inputs: [x, starts, ends, axes, steps] };
}

const TO_END = 2 ** 63;

function gather(axis: number, shape: readonly number[], ...indices: readonly number[]): GradientCase {
  return { op: 'Gather', inputs: [x, createTensor('int64', shape, indices)], attributes: { axis: int(axis) } };
}

export const partsCases: readonly GradientCase[] = [
  {
    op: 'Concat',
    inputs: [
      [2, 3],
      [2, 1],
      [2, 2],
    ],
    attributes: { axis: int(1) },
  },
  { op: 'Concat', inputs: [x, [3, 4, 1]], attributes: { axis: int(-1) } },
  { op: 'Concat', inputs: [[1, 3], createTensor('float32', [1, 3], [1, 2, 3]), [2, 3]], attributes: { axis: int(0) } },
  { op: 'Concat', inputs: [x], attributes: { axis: int(1) } },
  { op: 'Split', inputs: [x], attributes: { axis: int(1), num_outputs: int(2) }, outputs: 2 },
  { op: 'Split', inputs: [x], attributes: { axis: int(-1), num_outputs: int(3) }, outputs: 3 },
  { op: 'Split', inputs: [x, int64s([1, 3])], attributes: { axis: int(1) }, outputs: 2 },
  { op: 'Split', inputs: [x, int64s([1, 2, 2])], attributes: { axis: int(2) }, outputs: 3, loss: [1] },
  slice([1, 1, 3, 1]),
  slice([0, 0, 2, 1], [2, 1, TO_END, 1]),
  slice([1, 0, TO_END, 2], [2, 1, TO_END, 2]),
  slice([2, 0, 4, 3]),
  slice([2, 1, 4, 2]),
  slice([1, -1, -5, -1]),
  slice([2, -1, -6, -2], [0, 0, 1, 1]),
  slice([2, 3, 0, -2]),
  slice([-1, -2, TO_END, 1]),
  slice([1, 0, TO_END, 1]),
  { op: 'Slice', inputs: [x, int64s([1, 1]), int64s([3, 2])] },
  gather(1, [], 2),
  gather(0, [], -1),
  gather(2, [2], 1, 2),
  gather(2, [3], 4, 2, 0),
  gather(1, [4], 2, 0, 3, 1),
  gather(2, [3], 3, 0, 1),
  gather(1, [2, 3], 0, 2, 2, 1, 0, 2),
  gather(-1, [2, 2], 1, 1, 4, 0),
  gather(0, [5], 2, 1, 1, 0, 2),
  gather(2, [3], 1, 1, 1),
  { op: 'Pad', inputs: [x, int64s([0, 1, 0, 2, 0, 3])] },
  { op: 'Pad', inputs: [x, int64s([0, -1, 2, 0, 1, -2])] },
  { op: 'Pad', inputs: [x, int64s([2, 0, -1, 1]), createTensor('float32', [], [7]), int64s([-1, 0])] },
  ...['reflect', 'edge'].flatMap((mode): GradientCase[] => [
    { op: 'Pad', inputs: [x, int64s([0, 2, 1, 0, 3, 4])], attributes: { mode: string(mode) } },
    { op: 'Pad', inputs: [x, int64s([2, 0]), undefined, int64s([0])], attributes: { mode: string(mode) } },
  ]),
];
