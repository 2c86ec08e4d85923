import type { arithmetic } from '../ops/arithmetic.ts';
import { numbersOf } from '../ops/value.ts';
import { sumToShape } from './broadcasting.ts';
import { cast, div, mul, neg, number, operation, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { aboveOrHalf } from './steps.ts';

/** The gradients by all inputs, each of the output's shape: summed over what its input was broadcast to, where it is wanted. */
function summed(c: GradientContext, gradient: (index: number) => Expression): (Expression | undefined)[] {
  return c.inputs.map((_, index) =>
    c.wants(index) ? sumToShape(gradient(index), c.outputDims(), c.dims(index)) : undefined,
  );
}

const subRule: GradientRule = (c) => {
  const [a, b] = summed(c, () => c.dy);
  return [a, b === undefined ? undefined : neg(b)];
};

/** For y = a / b: da = dy / b, db = −y · dy / b. */
const divRule: GradientRule = (c) => {
  const quotient = div(c.dy, c.x(1));
  const [a, b] = summed(c, (index) => (index === 0 ? quotient : mul(quotient, c.y())));
  return [a, b === undefined ? undefined : neg(b)];
};

const SMALLEST = 2 ** -126;

/** For y = a^b: da = b · a^(b−1) · dy, db = ln a · y · dy. Where a = 0, the latter is 0. */
const powRule: GradientRule = (c) => {
  const exponents = numbersOf(c.input(1));
  return summed(c, (index) => {
    if (index === 0) return mul(c.dy, powSlope(c, exponents?.length === 1 ? exponents[0] : undefined));
    const log = operation('Log', [operation('Max', [c.x(0), number(SMALLEST)])]);
    return mul(c.dy, mul(c.y(), log));
  });
};

/** b · a^(b−1); without Pow, which is slow, for the usual exponents. */
function powSlope(c: GradientContext, exponent: number | undefined): Expression {
  const a = c.x(0);
  switch (exponent) {
    case 0:
      return number(0);
    case 1:
      return number(1);
    case 2:
      return mul(a, number(2));
    case 3:
      return mul(mul(a, a), number(3));
    case 0.5:
      return div(number(0.5), c.y());
    case undefined: {
      const b = c.type(1) === c.type(0) ? c.x(1) : cast(c.x(1), c.type(0));
      return mul(b, operation('Pow', [a, sub(b, number(1))]));
    }
    default:
      return mul(operation('Pow', [a, number(exponent - 1)]), number(exponent));
  }
}

/**
 * Maximum or minimum of several values, taken from left to right: the larger of two gets the gradient, each a half where they are equal.
 */
function extremeRule(op: 'Max' | 'Min'): GradientRule {
  return (c) => {
    const shares: Expression[] = [];
    let left: Expression = c.dy;
    for (let index = c.inputs.length - 1; index > 0; index--) {
      const others = c.node.inputs.slice(0, index);
      const extreme = others.length === 1 ? others[0] : operation(op, others);
      const ahead = op === 'Max' ? sub(c.x(index), extreme) : sub(extreme, c.x(index));
      shares[index] = mul(left, aboveOrHalf(ahead));
      left = sub(left, shares[index]);
    }
    shares[0] = left;
    return summed(c, (index) => shares[index]);
  };
}

const meanRule: GradientRule = (c) => {
  const share = mul(c.dy, number(1 / c.inputs.length));
  return summed(c, () => share);
};

/** The condition as 0 and 1: multiplying by it is faster than Where. */
const whereRule: GradientRule = (c) => {
  const yes = cast(c.x(0), c.type(1));
  return summed(c, (index) => mul(c.dy, index === 1 ? yes : sub(number(1), yes)));
};

export const arithmeticGradients: GradientsOf<typeof arithmetic> = {
  Add: (c) => summed(c, () => c.dy),
  Sub: subRule,
  Mul: (c) => summed(c, (index) => mul(c.dy, c.x(1 - index))),
  Div: divRule,
  Mod: { missing: 'a remainder jumps, and no network that is known is trained through one' },
  Pow: powRule,
  Min: extremeRule('Min'),
  Max: extremeRule('Max'),
  Sum: (c) => summed(c, () => c.dy),
  Mean: meanRule,
  Equal: 'none',
  Greater: 'none',
  GreaterOrEqual: 'none',
  Less: 'none',
  LessOrEqual: 'none',
  And: 'none',
  Or: 'none',
  Where: whereRule,
};
