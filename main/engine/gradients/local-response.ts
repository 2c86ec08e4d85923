import { localResponseOf, windowBias, windowWeights } from '../graph/local-response.ts';
import { div, mul, number, operation, sqrt, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientRule } from './rule.ts';

/** For y = x / s^β: dx = dy / s^β − 2·α·β/n · x · W(dy · y / s), W being its own transpose. */
export const localResponse: GradientRule = (c) => {
  const settings = localResponseOf(c);
  const { alpha, beta, size } = settings;
  const x = c.x(0);
  const s = operation('Conv', [mul(x, x), windowWeights(settings, alpha / size), windowBias(settings)]);
  const weights = windowWeights(settings, (2 * alpha * beta) / size);
  const others = operation('Conv', [div(mul(c.dy, c.y()), s), weights]);
  return [sub(div(c.dy, power(s, beta)), mul(x, others))];
};

/** Without Pow for the usual β: it is slow. */
function power(s: Expression, beta: number): Expression {
  if (beta === 1) return s;
  const root = sqrt(s);
  if (beta === 0.5) return root;
  if (beta === 0.75) return mul(root, sqrt(root));
  return operation('Exp', [mul(operation('Log', [s]), number(beta))]);
}
