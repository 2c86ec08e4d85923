import { floatOf } from '../graph/attributes.ts';
import type { elementwise } from '../ops/elementwise.ts';
import { numbersOf } from '../ops/value.ts';
import { sumToShape } from './broadcasting.ts';
import { add, div, mul, neg, number, operation, sub } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';
import { above, below, LARGEST_STEP, sign } from './steps.ts';

/*
 * Derivatives are written in terms of the output where that is as cheap: it is kept for the next layer anyway, the input is not.
 * Where an activation has a kink, the derivative there is PyTorch's.
 */

/** @param derivative at each element */
const times =
  (derivative: (c: GradientContext) => Expression): GradientRule =>
  (c) => [mul(c.dy, derivative(c))];

const square = (x: Expression): Expression => mul(x, x);
const oneMinus = (x: Expression): Expression => sub(number(1), x);
const sigmoid = (x: Expression): Expression => operation('Sigmoid', [x]);
const min = (x: Expression, bound: number): Expression => operation('Min', [x, number(bound)]);
const max = (x: Expression, bound: number): Expression => operation('Max', [x, number(bound)]);
const scaled = (x: Expression, by: number): Expression => (by === 1 ? x : mul(x, number(by)));
const shifted = (x: Expression, by: number): Expression => (by === 0 ? x : add(x, number(by)));

/** 1 above 0, α elsewhere. */
const leakyRule = times((c) => {
  const alpha = floatOf(c.node, 'alpha', 0.01);
  if (alpha > 0 && alpha < 1) return max(above(c.y(), 0), alpha);
  return shifted(scaled(above(c.x(0), 0), 1 - alpha), alpha);
});

/** For y = γ·x above 0 and γ·α·(eˣ − 1) elsewhere: γ above 0, y + γ·α elsewhere. */
function exponentialRule(alphaOtherwise: number, gammaOtherwise: number): GradientRule {
  return times((c) => {
    const alpha = floatOf(c.node, 'alpha', alphaOtherwise);
    const gamma = floatOf(c.node, 'gamma', gammaOtherwise);
    const smooth = shifted(min(c.y(), 0), gamma * alpha);
    return alpha === 1 ? smooth : add(smooth, scaled(above(c.x(0), 0), gamma * (1 - alpha)));
  });
}

/** α between 0 and 1, 0 at them and elsewhere. */
const hardSigmoidRule: GradientRule = (c) => {
  const inside = mul(above(c.y(), 0), below(c.y(), 1));
  return [mul(c.dy, scaled(inside, floatOf(c.node, 'alpha', 0.2)))];
};

/** For y = x · h, h = min(1, max(0, x/6 + ½)): h + x/6 where |x| < 3, h elsewhere. */
const hardSwishRule = times((c) => {
  const x = c.x(0);
  const gate = operation('HardSigmoid', [x], GATE);
  const inside = mul(x, below(operation('Abs', [x]), 3));
  return add(gate, mul(inside, number(1 / 6)));
});

const GATE = { alpha: { kind: 'float', value: 1 / 6 }, beta: { kind: 'float', value: 0.5 } } as const;

/** For y = x · t, t = tanh(ln(1 + eˣ)): t + x · σ(x) · (1 − t²). */
const mishRule = times((c) => {
  const x = c.x(0);
  const t = operation('Tanh', [operation('Softplus', [x])]);
  return add(t, mul(mul(x, sigmoid(x)), oneMinus(square(t))));
});

/** For y = x above 0 and slope · x elsewhere. */
const preluRule: GradientRule = (c) => {
  const [x, slope] = [c.x(0), c.x(1)];
  return [
    c.wants(0) ? mul(c.dy, add(mul(above(x, 0), oneMinus(slope)), slope)) : undefined,
    c.wants(1) ? sumToShape(mul(c.dy, min(x, 0)), c.outputDims(), c.dims(1)) : undefined,
  ];
};

/** 1 between the bounds, 0 at them (as PyTorch's ReLU6 and Hardtanh) and beyond. */
const clipRule: GradientRule = (c) => {
  if (c.wants(1) || c.wants(2)) c.fail('its bounds cannot be trained');
  const bound = (index: number): number => {
    const value = c.inputs[index];
    if (!value) return Infinity;
    return numbersOf(value)?.[0] ?? c.fail('its bounds must be constant');
  };
  const [low, high] = [bound(1), bound(2)];
  let gradient: Expression = c.dy;
  if (Math.abs(low) < LARGEST_STEP) gradient = mul(gradient, above(c.y(), low));
  if (Math.abs(high) < LARGEST_STEP) gradient = mul(gradient, below(c.y(), high));
  return [gradient];
};

/** In a network that is trained on, Dropout is what it is when images are classified: the identity. */
const dropoutRule: GradientRule = (c) => {
  const training = c.inputs[2];
  if (training && numbersOf(training)?.[0] !== 0) c.fail('it drops values at random, which is not trained through');
  return [c.dy];
};

export const elementwiseGradients: GradientsOf<typeof elementwise> = {
  Relu: times((c) => above(c.y(), 0)),
  LeakyRelu: leakyRule,
  Elu: exponentialRule(1, 1),
  Selu: exponentialRule(1.67326319217681884765625, 1.05070102214813232421875),
  // Smooth at 0: e^(x/α) = y/α + 1 below.
  Celu: times((c) => shifted(scaled(min(c.y(), 0), 1 / floatOf(c.node, 'alpha', 1)), 1)),
  Sigmoid: times((c) => mul(c.y(), oneMinus(c.y()))),
  HardSigmoid: hardSigmoidRule,
  HardSwish: hardSwishRule,
  Mish: mishRule,
  Softplus: times((c) => sigmoid(c.x(0))),
  Softsign: times((c) => square(oneMinus(operation('Abs', [c.y()])))),
  // 2/√π · e^(−x²)
  Erf: times((c) => scaled(operation('Exp', [neg(square(c.x(0)))]), 2 / Math.sqrt(Math.PI))),
  Tanh: times((c) => oneMinus(square(c.y()))),
  Sqrt: (c) => [div(scaled(c.dy, 0.5), c.y())],
  Exp: times((c) => c.y()),
  Log: (c) => [div(c.dy, c.x(0))],
  Abs: times((c) => sign(c.x(0))),
  Neg: (c) => [neg(c.dy)],
  Reciprocal: (c) => [neg(mul(c.dy, square(c.y())))],
  Floor: 'none',
  Ceil: 'none',
  Sign: 'none',
  Round: 'none',
  Sin: times((c) => operation('Cos', [c.x(0)])),
  Cos: (c) => [neg(mul(c.dy, operation('Sin', [c.x(0)])))],
  Not: 'none',
  PRelu: preluRule,
  Clip: clipRule,
  Identity: (c) => [c.dy],
  Dropout: dropoutRule,
};
