import { intOf } from '../graph/attributes.ts';
import type { softmax } from '../ops/softmax.ts';
import { mul, operation, reduceSum, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientsOf } from './rule.ts';

function sumAlongAxis(c: GradientContext, value: Expression): Expression {
  return reduceSum(value, [c.axis(intOf(c.node, 'axis', -1), c.dims(0).length)], true);
}

export const softmaxGradients: GradientsOf<typeof softmax> = {
  // y · (dy − Σ dy · y)
  Softmax: (c) => [mul(c.y(), sub(c.dy, sumAlongAxis(c, mul(c.dy, c.y()))))],
  // dy − e^y · Σ dy
  LogSoftmax: (c) => [sub(c.dy, mul(operation('Exp', [c.y()]), sumAlongAxis(c, c.dy)))],
  Hardmax: 'none',
};
