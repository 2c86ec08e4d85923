import { describe, expect, test } from 'vitest';
import { gradients } from '../../main/engine/gradients/table.ts';
import { gradientCases } from '../support/gradient-cases/index.ts';
import { expectGradient, titleOf } from '../support/gradients.ts';

describe('the gradient of every operator is that of central differences', () => {
  test.each(gradientCases.map((each, i) => [`${i} ${titleOf(each)}`, each] as const))('%s', (_, each) =>
    expectGradient(each),
  );
});

describe('the table', () => {
  test('says of every operator that has no gradient why', () => {
    const missing = Object.values(gradients).flatMap((gradient) =>
      typeof gradient === 'object' ? [gradient.missing] : [],
    );
    expect(missing.filter((reason) => reason.length < 20 || /not written/.test(reason))).toEqual([]);
  });

  test('has no rule without a case here', () => {
    const withRule = Object.entries(gradients).filter(([, gradient]) => typeof gradient === 'function');
    const covered = new Set<string>(gradientCases.map(({ op }) => op));
    expect(withRule.map(([op]) => op).filter((op) => !covered.has(op))).toEqual([]);
  });
});
