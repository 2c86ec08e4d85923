import { float } from '../graph/attributes.ts';
import { scalar } from '../graph/tensors.ts';
import { mul, number, operation } from './expressions.ts';
import type { Expression } from './expressions.ts';

/**
 * Step functions. A HardSigmoid, min(1, max(0, αx + β)), that is steep enough is one; on the CPU it runs as fast as memory does, which
 * Sign, Where and comparisons do not (npm run bench kernels). α is a power of two, so that αx + β is 0 for x = −β/α and nowhere else.
 * In float32, that is: half precision has no such α.
 */
const STEEP = 2 ** 80;

/** Bounds beyond this are none: the steep product would overflow. */
export const LARGEST_STEP = 2 ** 40;

function hardSigmoid(x: Expression, alpha: number, beta: number): Expression {
  return operation('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) });
}

/** 1 where x > at, 0 elsewhere. */
export const above = (x: Expression, at: number): Expression => hardSigmoid(x, STEEP, -STEEP * at);

/** 1 where x < at, 0 elsewhere. */
export const below = (x: Expression, at: number): Expression => hardSigmoid(x, -STEEP, STEEP * at);

/** 1 where x > 0, a half at 0, 0 elsewhere. */
export const aboveOrHalf = (x: Expression): Expression => hardSigmoid(x, STEEP, 0.5);

/** 1 where x ≥ 0, 0 elsewhere. */
export const notNegative = (x: Expression): Expression => hardSigmoid(x, STEEP, 1);

/** 1 where x ≤ 0, 0 elsewhere. */
export const notPositive = (x: Expression): Expression => hardSigmoid(x, -STEEP, 1);

/** −1, 0 or 1. */
export function sign(x: Expression): Expression {
  return operation('Clip', [mul(x, number(STEEP)), scalar(-1), scalar(1)]);
}
