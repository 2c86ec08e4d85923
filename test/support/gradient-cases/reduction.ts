import { int } from '../../../main/engine/graph/attributes.ts';
import { int64s } from '../../../main/engine/graph/tensors.ts';
import type { OperatorName } from '../../../main/engine/ops/table.ts';
import { apart, between, type GradientCase } from '../gradients.ts';

const x = [2, 3, 4];

/** All axes, some, one, the last by its negative number, none; axes kept and not. */
const settings: readonly { axes?: readonly number[]; attributes?: GradientCase['attributes'] }[] = [
  {},
  { axes: [1] },
  { axes: [-1] },
  { axes: [0, 2] },
  { axes: [-1, 1], attributes: { keepdims: int(0) } },
  { axes: [0], attributes: { keepdims: int(0) } },
  { attributes: { keepdims: int(0) } },
];

/** Only where it means the same on every device: that nothing is done. */
const noAxes = { axes: undefined, attributes: { noop_with_empty_axes: int(1) } };

const operators: readonly (readonly [OperatorName, GradientCase['inputs'][number], readonly number[]])[] = [
  ['ReduceMean', x, []],
  ['ReduceSum', x, []],
  ['ReduceMax', apart(x)[0], []],
  ['ReduceMin', apart(x)[0], []],
  ['ReduceL1', x, [0]],
  ['ReduceL2', x, [0]],
  ['ReduceLogSum', between(0.5, 2, x), []],
  ['ReduceLogSumExp', x, []],
  ['ReduceSumSquare', x, []],
];

export const reductionCases: readonly GradientCase[] = operators.flatMap(([op, input, kinks]) =>
  [...settings, ...(op === 'ReduceMean' || op === 'ReduceSum' ? [noAxes] : [])].map(
    ({ axes, attributes }): GradientCase => {
      return { op, inputs: axes ? [input, int64s(axes)] : [input], attributes: attributes ?? {}, kinks };
    },
  ),
);
