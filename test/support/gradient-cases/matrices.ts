import { float, int } from '../../../main/engine/graph/attributes.ts';
import type { GradientCase } from '../gradients.ts';

const orders = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

/** [.., m, 3] times [.., 3, n]: matrices, batches, batches that are broadcast on either side or both, vectors. */
const products: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [4, 3],
    [3, 2],
  ],
  [
    [2, 4, 3],
    [3, 2],
  ],
  [
    [2, 2, 4, 3],
    [3, 2],
  ],
  [
    [2, 4, 3],
    [2, 3, 2],
  ],
  [
    [2, 1, 4, 3],
    [2, 2, 3, 2],
  ],
  [
    [2, 1, 2, 3],
    [1, 3, 3, 2],
  ],
  [
    [4, 3],
    [2, 3, 2],
  ],
  [
    [1, 4, 3],
    [2, 2, 3, 2],
  ],
  [
    [2, 2, 4, 3],
    [1, 3, 2],
  ],
  [[3], [3]],
  [[3], [3, 2]],
  [[4, 3], [3]],
  [[2, 2, 4, 3], [3]],
  [[3], [2, 3, 2]],
];

export const matrixCases: readonly GradientCase[] = [
  ...orders.flatMap(([transA, transB]) =>
    [undefined, [2], [1], [], [4, 1], [1, 2], [4, 2]].map((bias): GradientCase => {
      const inputs = [transA ? [3, 4] : [4, 3], transB ? [2, 3] : [3, 2], ...(bias ? [bias] : [])];
      return { op: 'Gemm', inputs, attributes: { transA: int(transA), transB: int(transB) } };
    }),
  ),
  { op: 'Gemm', inputs: [[4, 3], [3, 2], [2]], attributes: { alpha: float(0.5), beta: float(-2) } },
  ...products.map((inputs): GradientCase => ({ op: 'MatMul', inputs })),
];
