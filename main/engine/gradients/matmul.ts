import { floatOf, intOf } from '../graph/attributes.ts';
import { elementCount } from '../graph/tensors.ts';
import type { matmul as operators } from '../ops/matmul.ts';
import { sumToShape } from './broadcasting.ts';
import { gemm, matmul, mul, number, reshape, transpose } from './expressions.ts';
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
    c.wants(2) ? scaled(floatOf(node, 'beta', 1), sumToShape(dy, c.outputDims(), c.dims(2))) : undefined,
  ];
};

/**
 * For Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY, summed over the axes that were broadcast. A vector counts as a row on the left and as a
 * column on the right. Where B is one matrix for all of A, as in a fully-connected layer, the rows of A are one matrix too.
 */
const matmulRule: GradientRule = (c) => {
  const [a, b] = [c.dims(0), c.dims(1)];
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  const [inner, columns] = right.slice(-2);
  if (right.length === 2) {
    const rows = elementCount(left.slice(0, -1));
    const dy = reshape(c.dy, [rows, columns]);
    return [
      c.wants(0) ? reshape(gemm(dy, reshape(c.x(1), right), { transB: true }), a) : undefined,
      c.wants(1) ? reshape(gemm(reshape(c.x(0), [rows, inner]), dy, { transA: true }), b) : undefined,
    ];
  }
  const batch = c.outputDims().slice(0, a.length === 1 ? -1 : -2);
  const rows = left[left.length - 2];
  const dy = reshape(c.dy, [...batch, rows, columns]);
  const turned = (value: string, shape: readonly number[]): Expression =>
    transpose(reshape(value, shape), [...shape.slice(2).map((_, axis) => axis), shape.length - 1, shape.length - 2]);
  const summed = (gradient: Expression, to: readonly number[], shape: readonly number[]): Expression =>
    reshape(sumToShape(gradient, [...batch, ...to.slice(-2)], to), shape);
  return [
    c.wants(0) ? summed(matmul(dy, turned(c.x(1), right)), left, a) : undefined,
    c.wants(1) ? summed(matmul(turned(c.x(0), left), dy), right, b) : undefined,
  ];
};

export const matmulGradients: GradientsOf<typeof operators> = { Gemm: gemmRule, MatMul: matmulRule };
