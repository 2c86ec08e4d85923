import type { Plan } from '../contract/advice.ts';
import type { Facts } from './facts.ts';
import { largeFrom } from './similarity.ts';
import { isFineTuning, type Way } from './rules.ts';
import { figure, points } from './words.ts';

/**
 * How much of what the best linear classifier gets wrong fine-tuning set right, by training items of a typical class, where it
 * was measured (docs/advisor.md; the most: red blood cells, science notes).
 */
const setRight = [
  { from: 0, low: 0, high: 0.25 },
  { from: largeFrom, low: 0, high: 0.2 },
  { from: 500, low: 0.2, high: 0.5 },
] as const;

/** What is expected of a plan, beside the simplest: softmax regression on the codes of the last freeze point. */
export function expectationOf({ similarity: { probes }, size }: Facts, way: Way): Plan['expected'] {
  if (!probes)
    return {
      baseline: null,
      low: null,
      high: null,
      text: 'What to expect is known once the freeze points were probed.',
    };
  const { last, smoothed, error } = probes;
  const baseline = last.macroF1;
  if (isFineTuning(way)) {
    const share = setRight.findLast(({ from }) => size.typical >= from)!;
    const wrong = 1 - smoothed.macroF1;
    const [low, high] = [smoothed.macroF1 + share.low * wrong, smoothed.macroF1 + share.high * wrong];
    return {
      baseline,
      low,
      high,
      text: `Macro-F1 about ${figure(low)} to ${figure(high)}: the best linear classifier gave ${figure(smoothed.macroF1)}, and fine-tuning set right ${points(share.low)} to ${points(share.high)} of what such a classifier gets wrong, on other data sets of this size.`,
    };
  }
  const at = way === 'linear at the last point' ? last : smoothed;
  const [low, high] = [Math.max(0, at.macroF1 - 1.96 * error), Math.min(1, at.macroF1 + 1.96 * error)];
  const gain = at.macroF1 - baseline;
  return {
    baseline,
    low,
    high,
    text: `Macro-F1 about ${figure(at.macroF1)} (95% interval ${figure(low)} to ${figure(high)}, cross-validated)${
      gain > 0
        ? `, ${figure(gain)} more than at the last point; the best of several is a little less than it looks`
        : ''
    }.`,
  };
}

/** Standard errors of the best probe up to which figures are fairly sure, and sure. */
const [fairUpTo, goodUpTo] = [0.05, 0.02];

/** How much of the advice rests on this project's own figures. */
export function surenessOf({ similarity: { probes }, size }: Facts, way: Way): Pick<Plan, 'sureness' | 'because'> {
  if (!probes)
    return {
      sureness: 'preliminary',
      because: 'By the number of items alone: nothing of the network was measured yet.',
    };
  if (probes.stale)
    return { sureness: 'low', because: 'Labels, groups or items changed since the freeze points were probed.' };
  if (size.learntGroups === 1)
    return {
      sureness: 'low',
      because: 'All items outside the test are of one group: for another group expect less than these figures.',
    };
  const error = `The standard error of the best probe is ${figure(probes.error)}`;
  if (probes.error > fairUpTo) return { sureness: 'low', because: `${error}: label more, and measure again.` };
  if (isFineTuning(way))
    return {
      sureness: 'fair',
      because: `${error}; what fine-tuning adds is known from other data sets, and of this one only after it was done.`,
    };
  return probes.error > goodUpTo
    ? { sureness: 'fair', because: `${error}.` }
    : { sureness: 'good', because: `${error}, and the plan is what was probed.` };
}
