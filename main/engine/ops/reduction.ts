import { intOf } from '../graph/attributes.ts';
import { allNumbers, product } from '../graph/dimensions.ts';
import type { Dimension } from '../graph/types.ts';
import type { NodeContext, Operator, OperatorTable } from './operator.ts';
import { elementsOf, valueOfElements } from './value.ts';

function reducedShape(shape: readonly Dimension[], axes: readonly number[], keep: boolean): Dimension[] {
  return shape.flatMap((dimension, axis) => {
    if (!axes.includes(axis)) return [dimension];
    return keep ? [1] : [];
  });
}

/** The axes that a Reduce takes away; none where it does nothing. */
export function reducedAxes(context: NodeContext): readonly number[] {
  const rank = context.shape(0).length;
  const axes = context.numbers(1, 'axes') ?? [];
  if (axes.length > 0) return axes.map((axis) => context.axis(axis, rank));
  return intOf(context.node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** @param whole reduces the known elements of a shape to one; undefined where a name leaves it open */
function reduce(whole?: (elements: readonly Dimension[]) => Dimension | undefined): Operator {
  return {
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: { keepdims: 'int', noop_with_empty_axes: 'int' },
    infer(context) {
      const input = context.input(0);
      const axes = reducedAxes(context);
      const shape = reducedShape(input.shape, axes, intOf(context.node, 'keepdims', 1) !== 0);
      const elements =
        whole && input.type === 'int64' && axes.length === input.shape.length ? elementsOf(input) : undefined;
      const result = elements && whole?.(elements);
      const sizes = allNumbers(shape);
      if (result === undefined || !sizes) return [{ type: input.type, shape }];
      return [valueOfElements(input.type, sizes, [result])];
    },
  };
}

const arg: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { axis: 'int', keepdims: 'int', select_last_index: 'int' },
  infer(context) {
    const shape = context.shape(0);
    const axis = context.axis(intOf(context.node, 'axis', 0), shape.length);
    return [{ type: 'int64', shape: reducedShape(shape, [axis], intOf(context.node, 'keepdims', 1) !== 0) }];
  },
};

export const reduction = {
  ReduceMean: reduce(),
  ReduceSum: reduce((elements) => allNumbers(elements)?.reduce((sum, x) => sum + x, 0)),
  ReduceProd: reduce(product),
  ReduceMax: reduce(),
  ReduceMin: reduce(),
  ReduceL1: reduce(),
  ReduceL2: reduce(),
  ReduceLogSum: reduce(),
  ReduceLogSumExp: reduce(),
  ReduceSumSquare: reduce(),
  ArgMax: arg,
  ArgMin: arg,
} satisfies OperatorTable;
