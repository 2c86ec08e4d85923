import type { matmul } from '../ops/matmul.ts';
import { floatOf, intOf } from '../graph/attributes.ts';
import { sumToShape } from './broadcasting.ts';
import { gemm, mul, number } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientsOf, GradientRule } from './rule.ts';

/** For Y = α·A·B + β·C: dA = α·dY·Bᵀ, dB = α·Aᵀ·dY, dC = β·dY summed over what C was broadcast to. */
const gemmRule: GradientRule = (c) => {
  const { node, dy } = c;
  const [transA, transB] = [intOf(node, 'transA', 0) !== 0, intOf(node, 'transB', 0) !== 0];
  const scaled = (by: number, expression: Expression): Expression =>
    by === 1 ? expression : mul(expression, number(by));
  const alpha = floatOf(node, 'alpha', 1);
  const [a, b] = [c.x(0), c.x(1)];
  return [
    c.wants(0)
      ? scaled(alpha, transA ? gemm(b, dy, { transA: transB, transB: true }) : gemm(dy, b, { transB: !transB }))
      : undefined,
    c.wants(1)
      ? scaled(alpha, transB ? gemm(dy, a, { transA: true, transB: transA }) : gemm(a, dy, { transA: !transA }))
      : undefined,
    c.wants(2) ? sumToShape(scaled(floatOf(node, 'beta', 1), dy), c.outputDims(), c.dims(2)) : undefined,
  ];
};

export const matmulGradients: GradientsOf<typeof matmul> = {
  Gemm: gemmRule,
  MatMul: { missing: 'its gradient is not written yet' },
};
