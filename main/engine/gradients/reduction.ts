import { intOf } from '../graph/attributes.ts';
import { elementCount } from '../graph/tensors.ts';
import { reducedAxes } from '../ops/reduction.ts';
import type { reduction } from '../ops/reduction.ts';
import { div, expand, mul, number, operation, reduceSum, reshape, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { notNegative, notPositive, sign } from './steps.ts';

interface Reduced {
  readonly c: GradientContext;
  readonly axes: readonly number[];
  /** The input. */
  readonly x: Expression;
  /** The output, the reduced axes kept with length 1, so that it can be combined with the input. */
  readonly y: Expression;
  /** The gradient by it. */
  readonly dy: Expression;
}

function rule(gradient: (reduced: Reduced) => Expression): GradientRule {
  return (c) => {
    const axes = reducedAxes(c);
    const shape = c.dims(0).map((size, axis) => (axes.includes(axis) ? 1 : size));
    const kept = intOf(c.node, 'keepdims', 1) !== 0;
    const keep = (value: string): Expression => (kept ? value : reshape(value, shape));
    return [gradient({ c, axes, x: c.x(0), y: keep(c.y()), dy: keep(c.dy) })];
  };
}

const spread = ({ c, axes }: Reduced, value: Expression): Expression =>
  axes.length === 0 ? value : expand(value, c.dims(0));

/** The elements that are the extreme share the gradient. */
function extremeRule(isExtreme: (distance: Expression) => Expression): GradientRule {
  return rule(({ axes, x, y, dy }) => {
    const chosen = isExtreme(sub(x, y));
    return mul(chosen, div(dy, reduceSum(chosen, axes, true)));
  });
}

/** A norm below this is taken for it: the gradient at 0 is 0. */
const SMALLEST_NORM = 1e-20;

export const reductionGradients: GradientsOf<typeof reduction> = {
  ReduceMean: rule((r) => {
    const count = elementCount(r.axes.map((axis) => r.c.dims(0)[axis]));
    return spread(r, mul(r.dy, number(1 / count)));
  }),
  ReduceSum: rule((r) => spread(r, r.dy)),
  ReduceProd: { missing: 'the gradient of a product cannot be had from the product where a factor is 0' },
  ReduceMax: extremeRule(notNegative),
  ReduceMin: extremeRule(notPositive),
  ReduceL1: rule(({ x, dy }) => mul(sign(x), dy)),
  ReduceL2: rule(({ x, y, dy }) => mul(x, div(dy, operation('Max', [y, number(SMALLEST_NORM)])))),
  ReduceLogSum: rule((r) => spread(r, mul(r.dy, operation('Exp', [operation('Neg', [r.y])])))),
  ReduceLogSumExp: rule(({ x, y, dy }) => mul(operation('Exp', [sub(x, y)]), dy)),
  ReduceSumSquare: rule(({ x, dy }) => mul(x, mul(dy, number(2)))),
  ArgMax: 'none',
  ArgMin: 'none',
};
