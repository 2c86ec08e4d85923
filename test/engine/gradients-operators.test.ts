import { describe, expect, test } from 'vitest';
import { gradients } from '../../main/engine/gradients/table.ts';
import { gradientCases } from '../support/gradient-cases/index.ts';
import { expectGradient, operatorsOf, titleOf } from '../support/gradients.ts';

describe('the gradient of every operator is that of central differences', () => {
  test.each(gradientCases.map((each, i) => [`${i} ${titleOf(each)}`, each] as const))('%s', (_, each) =>
    expectGradient(each),
  );
});

test('the rules write nothing that ONNX Runtime would compute on the CPU in a session on WebGPU', () => {
  const onCpuOnly = ['Sum', 'Mean', 'LogSoftmax', 'Celu', 'Selu', 'Softsign', 'SpaceToDepth', 'LRN'];
  const written = operatorsOf(gradientCases);
  expect(onCpuOnly.filter((op) => written.has(op))).toEqual([]);
  expect(written.size).toBeGreaterThan(20);
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
