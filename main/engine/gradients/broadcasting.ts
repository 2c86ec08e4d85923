import { reduceSum, reshape } from './expressions.ts';
import type { Expression } from './expressions.ts';

/**
 * The gradient by an input that was broadcast: what reached its copies, added up.
 *
 * @param gradient of the shape `from`, which `to` broadcasts to
 */
export function sumToShape(gradient: Expression, from: readonly number[], to: readonly number[]): Expression {
  const lead = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? [axis] : []));
  if (axes.length === 0) return gradient;
  return lead === 0 ? reduceSum(gradient, axes, true) : reshape(reduceSum(gradient, axes, false), to);
}
