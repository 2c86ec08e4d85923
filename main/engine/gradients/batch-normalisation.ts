import { floatOf, intOf } from '../graph/attributes.ts';
import { add, div, mul, number, reduceSum, reshape, sqrt, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientRule } from './rule.ts';

/**
 * With running statistics, which stay as they are: y = γ·(x − μ)/√(σ² + ε) + β, so dx = dy·γ/√(σ² + ε),
 * dγ = Σ dy·(x − μ)/√(σ² + ε), dβ = Σ dy, the sums over all axes but the channels'.
 */
export const batchNormalization: GradientRule = (c) => {
  if (intOf(c.node, 'training_mode', 0) !== 0)
    c.fail('it takes the statistics of its batch, and has a gradient only with running ones');
  const dims = c.dims(0);
  const axes = dims.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const perChannel = (vector: Expression): Expression => reshape(vector, [dims[1], ...axes.slice(1).map(() => 1)]);
  const deviation = sqrt(add(c.x(4), number(floatOf(c.node, 'epsilon', 1e-5))));
  const centred = sub(c.x(0), perChannel(c.x(3)));
  return [
    c.wants(0) ? mul(c.dy, perChannel(div(c.x(1), deviation))) : undefined,
    c.wants(1) ? div(reduceSum(mul(c.dy, centred), axes, false), deviation) : undefined,
    c.wants(2) ? reduceSum(c.dy, axes, false) : undefined,
  ];
};
