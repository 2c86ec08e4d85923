import { add, div, mul, number, sqrt, sub } from '../gradients/expressions.ts';
import type { Expression } from '../gradients/expressions.ts';

/** Inputs of the training graph that change from step to step: scalars. */
export const scalarInputs = {
  rate: 'training/rate',
  momentumCorrection: 'training/momentum-correction',
  varianceCorrection: 'training/variance-correction',
} as const;

export interface Optimizer {
  /** What it remembers of each parameter, by name: tensors of the parameter's shape that start at zero. */
  readonly memory: readonly string[];
  /** The scalars that it takes. */
  readonly scalars: readonly (keyof typeof scalarInputs)[];
  /**
   * One step for one parameter.
   *
   * @param update.decayed the parameter's distance from what decay pulls it toward; undefined where there is no decay
   */
  step(update: Update): { parameter: Expression; memory: readonly Expression[] };
}

interface Update {
  readonly parameter: string;
  readonly gradient: Expression;
  readonly memory: readonly string[];
  /** Its share of the learning rate. */
  readonly rate: number;
  readonly decay: number;
  readonly decayed: Expression | undefined;
}

/** A learning rate: the step's scalar, times the parameter's share. */
function rateOf(share: number): Expression {
  return share === 1 ? scalarInputs.rate : mul(scalarInputs.rate, number(share));
}

/**
 * Stochastic gradient descent with momentum μ = 0.9 (PyTorch's form): v ← μ·v + g + λ·w, w ← w − η·v.
 */
export const sgd: Optimizer = {
  memory: ['velocity'],
  scalars: ['rate'],
  step({ parameter, gradient, memory: [velocity], rate, decay, decayed }) {
    const pull = decayed === undefined ? gradient : add(gradient, mul(decayed, number(decay)));
    const next = add(mul(velocity, number(0.9)), pull);
    return { parameter: sub(parameter, mul(next, rateOf(rate))), memory: [next] };
  },
};

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/**
 * AdamW (arXiv 1711.05101, algorithm 2), β = 0.9 and 0.999, ε = 1e−8: m ← β₁·m + (1 − β₁)·g, s ← β₂·s + (1 − β₂)·g²,
 * w ← w − η·(m·c₁ / (√(s·c₂) + ε) + λ·w), the corrections cᵢ = 1 / (1 − βᵢᵗ) coming in as scalars.
 */
export const adamw: Optimizer = {
  memory: ['momentum', 'variance'],
  scalars: ['rate', 'momentumCorrection', 'varianceCorrection'],
  step({ parameter, gradient, memory: [momentum, variance], rate, decay, decayed }) {
    const nextMomentum = add(mul(momentum, number(beta1)), mul(gradient, number(1 - beta1)));
    const nextVariance = add(mul(variance, number(beta2)), mul(mul(gradient, gradient), number(1 - beta2)));
    const deviation = add(sqrt(mul(nextVariance, scalarInputs.varianceCorrection)), number(epsilon));
    const direction = div(mul(nextMomentum, scalarInputs.momentumCorrection), deviation);
    const whole = decayed === undefined ? direction : add(direction, mul(decayed, number(decay)));
    return { parameter: sub(parameter, mul(whole, rateOf(rate))), memory: [nextMomentum, nextVariance] };
  },
};

/** @param step from 1 */
export function scalarsOfStep(step: number, rate: number): Readonly<Record<keyof typeof scalarInputs, number>> {
  return { rate, momentumCorrection: 1 / (1 - beta1 ** step), varianceCorrection: 1 / (1 - beta2 ** step) };
}
