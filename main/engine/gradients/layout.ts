import { int, intOf, stringOf } from '../graph/attributes.ts';
import { permutation } from '../ops/layout.ts';
import type { layout } from '../ops/layout.ts';
import { sumToShape } from './broadcasting.ts';
import { operation, reduceSum, reshape, transpose } from './expressions.ts';
import type { GradientRule, GradientsOf } from './rule.ts';

/** What moves no element: back to the input's shape. */
const reshapeRule: GradientRule = (c) => [reshape(c.dy, c.dims(0))];

const transposeRule: GradientRule = (c) => {
  const perm = permutation(c);
  return [
    transpose(
      c.dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ];
};

/** The copies along each axis get an axis of their own, which is summed over. */
const tileRule: GradientRule = (c) => {
  const from = c.dims(0);
  const repeats = c.outputDims().map((size, axis) => size / from[axis]);
  const shape: number[] = [];
  const copies: number[] = [];
  from.forEach((size, axis) => {
    if (repeats[axis] !== 1) copies.push(shape.push(repeats[axis]) - 1);
    shape.push(size);
  });
  return [reduceSum(reshape(c.dy, shape), copies, false)];
};

/** Written out, since SpaceToDepth does not run on WebGPU. */
const depthToSpaceRule: GradientRule = (c) => {
  const block = intOf(c.node, 'blocksize', 1);
  const [batch, , height, width] = c.dims(0);
  const channels = c.outputDims()[1];
  const apart = reshape(c.dy, [batch, channels, height, block, width, block]);
  const blocksFirst = stringOf(c.node, 'mode', 'DCR') === 'DCR';
  return [reshape(transpose(apart, blocksFirst ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]), c.dims(0))];
};

export const layoutGradients: GradientsOf<typeof layout> = {
  Reshape: reshapeRule,
  Flatten: reshapeRule,
  Transpose: transposeRule,
  Squeeze: reshapeRule,
  Unsqueeze: reshapeRule,
  Expand: (c) => [sumToShape(c.dy, c.outputDims(), c.dims(0))],
  Tile: tileRule,
  DepthToSpace: depthToSpaceRule,
  SpaceToDepth: (c) => [
    operation('DepthToSpace', [c.dy], {
      blocksize: int(intOf(c.node, 'blocksize', 1)),
      mode: { kind: 'string', value: 'DCR' },
    }),
  ],
};
