import { int, ints, string } from '../../../main/engine/graph/attributes.ts';
import { codeOfType, int64s } from '../../../main/engine/graph/tensors.ts';
import type { GradientCase } from '../gradients.ts';

const x = [2, 3, 4];

export const layoutCases: readonly GradientCase[] = [
  { op: 'Reshape', inputs: [x, int64s([6, -1])] },
  { op: 'Reshape', inputs: [x, int64s([0, -1, 6])] },
  { op: 'Flatten', inputs: [x] },
  { op: 'Flatten', inputs: [x], attributes: { axis: int(-1) } },
  { op: 'Transpose', inputs: [x] },
  { op: 'Transpose', inputs: [x], attributes: { perm: ints([1, 2, 0]) } },
  { op: 'Transpose', inputs: [[2, 3, 2, 2]], attributes: { perm: ints([0, 2, 3, 1]) } },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1], int64s([-1])] },
  { op: 'Squeeze', inputs: [[2, 1, 3, 1]] },
  { op: 'Unsqueeze', inputs: [x, int64s([1, -1])] },
  { op: 'Expand', inputs: [[3, 1], int64s([2, 3, 4])] },
  { op: 'Expand', inputs: [[2, 1, 4], int64s([3, 1])] },
  { op: 'Expand', inputs: [[], int64s([2, 3])] },
  { op: 'Expand', inputs: [x, int64s([1])] },
  { op: 'Tile', inputs: [[2, 3], int64s([2, 3])] },
  { op: 'Tile', inputs: [x, int64s([1, 2, 1])] },
  { op: 'Tile', inputs: [x, int64s([1, 1, 1])] },
  { op: 'DepthToSpace', inputs: [[2, 8, 1, 2]], attributes: { blocksize: int(2) } },
  { op: 'DepthToSpace', inputs: [[1, 8, 2, 3]], attributes: { blocksize: int(2), mode: string('CRD') } },
  { op: 'SpaceToDepth', inputs: [[1, 3, 4, 2]], attributes: { blocksize: int(2) } },
  { op: 'Cast', inputs: [x], attributes: { to: int(codeOfType('float32')) } },
];
