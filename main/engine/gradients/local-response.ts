import { floatOf, intOf } from '../graph/attributes.ts';
import { createTensor, elementCount } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';
import { add, div, matmul, mul, number, operation, reshape, sqrt, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientRule } from './rule.ts';

/**
 * Local response normalisation (AlexNet): y = x · s^−β, s = k + α/n · W(x²), where W sums over a window of n channels. With Wᵀ, the sum
 * over the windows that a channel is in: dx = dy · s^−β − 2·α·β/n · x · Wᵀ(dy · y / s). The sums are products with a banded matrix,
 * which is faster than a pooling operator, and s^β is written without Pow for the usual β: it is slow.
 */
export const localResponse: GradientRule = (c) => {
  const [batch, channels, ...pixels] = c.dims(0);
  const shape = [batch, channels, elementCount(pixels)];
  const size = intOf(c.node, 'size', 1);
  const alpha = floatOf(c.node, 'alpha', 1e-4);
  const beta = floatOf(c.node, 'beta', 0.75);
  const [x, y, dy] = [c.x(0), c.y(), c.dy].map((value) => reshape(value, shape));
  const below = Math.floor((size - 1) / 2);
  const above = size - 1 - below;
  const s = add(matmul(band(channels, below, above, alpha / size), mul(x, x)), number(floatOf(c.node, 'bias', 1)));
  const others = matmul(band(channels, above, below, (2 * alpha * beta) / size), div(mul(dy, y), s));
  return [reshape(sub(div(dy, power(s, beta)), mul(x, others)), c.dims(0))];
};

/** [C, C]: a row holds the value from `before` channels before its own to `after` behind. */
function band(channels: number, before: number, after: number, value: number): Tensor {
  const data = Float32Array.from({ length: channels * channels }, (_, i) => {
    const distance = (i % channels) - Math.floor(i / channels);
    return distance >= -before && distance <= after ? value : 0;
  });
  return createTensor('float32', [channels, channels], data);
}

function power(s: Expression, beta: number): Expression {
  if (beta === 1) return s;
  const root = sqrt(s);
  if (beta === 0.5) return root;
  if (beta === 0.75) return mul(root, sqrt(root));
  return operation('Exp', [mul(operation('Log', [s]), number(beta))]);
}
