import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Evaluation, evaluationSchema } from '../../main/contract/evaluation.ts';
import { createRandom } from '../../main/engine/random.ts';
import { type Predictions, measure } from '../../main/evaluation/measures/measure.ts';
import { createMultinomial } from '../../main/evaluation/measures/multinomial.ts';

interface Reference {
  readonly name: string;
  readonly classes: number;
  readonly truth: readonly number[];
  readonly probabilities: readonly number[];
  readonly expected: {
    readonly accuracy: number;
    readonly balancedAccuracy: number;
    readonly macroF1: number;
    readonly weightedF1: number;
    readonly logLoss: number;
    readonly brier: number;
    readonly calibration: {
      readonly error: number;
      readonly bins: readonly { count: number; confidence: number | null; accuracy: number | null }[];
    };
    readonly perClass: readonly {
      support: number;
      predicted: number;
      precision: number | null;
      recall: number | null;
      f1: number | null;
    }[];
    readonly confusion: number[][];
  };
}

const { cases } = JSON.parse(readFileSync(new URL('../fixtures/measures.json', import.meta.url), 'utf8')) as {
  cases: Reference[];
};

function predictionsOf({ truth, probabilities, classes }: Reference): Predictions {
  return {
    truth: Int32Array.from(truth),
    probabilities: Float32Array.from(probabilities),
    classNames: Array.from({ length: classes }, (_, index) => `class ${index}`),
  };
}

/** Predictions that are given by their class; two classes unless told. */
function answers(truth: number[], predicted: number[], classCount = 2): Predictions {
  return {
    truth: Int32Array.from(truth),
    probabilities: Float32Array.from(predicted.flatMap((one) => oneHot(one, classCount))),
    classNames: Array.from({ length: classCount }, (_, index) => `class ${index}`),
  };
}

function oneHot(index: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => (at === index ? 1 : 0));
}

/** Equal up to 1e-9; null only to null. */
function expectClose(actual: number | null, expected: number | null): void {
  if (actual === null || expected === null) expect(actual).toBe(expected);
  else expect(Math.abs(actual - expected)).toBeLessThan(1e-9);
}

describe('measures', () => {
  for (const reference of cases)
    it(`are those of scikit-learn: ${reference.name}`, async () => {
      const { expected } = reference;
      const found = await measure(predictionsOf(reference), { resamples: 50 });
      expect(found.items).toBe(reference.truth.length);
      for (const name of ['accuracy', 'balancedAccuracy', 'macroF1'] as const)
        expectClose(found[name].value, expected[name]);
      for (const name of ['weightedF1', 'logLoss', 'brier'] as const) expectClose(found[name], expected[name]);
      expect(found.confusion).toEqual(expected.confusion);
      expectClose(found.calibration.error, expected.calibration.error);
      expect(found.calibration.bins).toHaveLength(15);
      for (const [at, bin] of expected.calibration.bins.entries()) {
        expect(found.calibration.bins[at].count).toBe(bin.count);
        expectClose(found.calibration.bins[at].confidence, bin.confidence);
        expectClose(found.calibration.bins[at].accuracy, bin.accuracy);
      }
      for (const [at, one] of expected.perClass.entries()) {
        const { name, support, predicted, precision, recall, f1 } = found.perClass[at];
        expect([name, support, predicted]).toEqual([`class ${at}`, one.support, one.predicted]);
        expectClose(precision.value, one.precision);
        expectClose(recall.value, one.recall);
        expectClose(f1, one.f1);
      }
    });

  it('survive JSON and their schema unchanged, the undefined as null', async () => {
    for (const reference of cases) {
      const found = await measure(predictionsOf(reference), { resamples: 20 });
      expect(evaluationSchema.parse(JSON.parse(JSON.stringify(found)))).toEqual(found);
    }
  });

  it('are null without items', async () => {
    const found = await measure(answers([], []));
    const none = { value: null, low: null, high: null };
    expect(found).toMatchObject({ items: 0, groups: 0, accuracy: none, balancedAccuracy: none, macroF1: none });
    expect(found).toMatchObject({ weightedF1: null, logLoss: null, brier: null, calibration: { error: null } });
    expect(found.perClass[0]).toMatchObject({ support: 0, precision: none, recall: none, f1: null });
    expect(evaluationSchema.parse(found)).toEqual(found);
  });

  it('leave a class without items out of the means', async () => {
    const found = await measure(answers([0, 0, 1, 1], [0, 2, 1, 1], 4));
    expect(found.macroF1.value).toBeCloseTo((2 / 3 + 1) / 2, 12);
    expect(found.balancedAccuracy.value).toBe(0.75);
    expect(found.perClass[2]).toMatchObject({
      predicted: 1,
      f1: null,
      precision: { value: 0 },
      recall: { value: null },
    });
    expect(found.perClass[3]).toMatchObject({ precision: { value: null }, recall: { value: null }, f1: null });
  });

  it('of perfect and of hopeless answers are at their bounds', async () => {
    const right = await measure(answers([0, 1, 0, 1], [0, 1, 0, 1]));
    expect(right).toMatchObject({ logLoss: 0, brier: 0, calibration: { error: 0 }, weightedF1: 1 });
    expect(right.accuracy).toEqual({ value: 1, low: 1, high: 1 });
    const wrong = await measure(answers([0, 1, 0, 1], [1, 0, 1, 0]));
    expect(wrong).toMatchObject({ brier: 2, calibration: { error: 1 }, weightedF1: 0 });
    expect(wrong.logLoss).toBeCloseTo(23 * Math.LN2, 12);
  });

  it('refuse probabilities that are no numbers', async () => {
    const broken = answers([0, 1], [0, 1]);
    broken.probabilities[3] = NaN;
    await expect(measure(broken)).rejects.toThrow('NaN as the probability of class 1');
  });

  it('refuse lists that do not fit together', async () => {
    const fine = answers([0, 1], [0, 1]);
    await expect(measure({ ...fine, groups: ['a'] })).rejects.toThrow('2 items but 1 groups');
    await expect(measure({ ...fine, classNames: ['only'] })).rejects.toThrow('4 probabilities');
    await expect(measure({ ...fine, truth: Int32Array.of(0, 2) })).rejects.toThrow('Class 2');
  });
});

describe('intervals', () => {
  const [reference] = cases;

  it('are the same for the same seed, and hold the value', async () => {
    const first = await measure(predictionsOf(reference), { seed: 5 });
    expect(await measure(predictionsOf(reference), { seed: 5 })).toEqual(first);
    expect(await measure(predictionsOf(reference), { seed: 6 })).not.toEqual(first);
    const { accuracy, balancedAccuracy, macroF1, perClass } = first;
    for (const { value, low, high } of [
      accuracy,
      balancedAccuracy,
      macroF1,
      ...perClass.flatMap(({ precision, recall }) => [precision, recall]),
    ]) {
      expect(low!).toBeLessThan(value!);
      expect(high!).toBeGreaterThan(value!);
    }
  });

  it('of independent items agree with the binomial distribution', async () => {
    const truth = Array.from({ length: 400 }, () => 0);
    const predicted = truth.map((_, item) => (item % 10 < 3 ? 1 : 0));
    const { accuracy, groups } = await measure(answers(truth, predicted), { resamples: 4000 });
    const half = 1.96 * Math.sqrt((0.7 * 0.3) / 400);
    expect(groups).toBe(400);
    expect(Math.abs(accuracy.low! - (0.7 - half))).toBeLessThan(0.006);
    expect(Math.abs(accuracy.high! - (0.7 + half))).toBeLessThan(0.006);
  });

  it('need two groups; an item without a group is one', async () => {
    const four = answers([0, 1, 0, 1], [0, 1, 1, 1]);
    const one = await measure({ ...four, groups: ['a', 'a', 'a', 'a'] });
    expect(one).toMatchObject({ groups: 1, accuracy: { value: 0.75, low: null, high: null } });
    expect(one.perClass[0].recall).toEqual({ value: 0.5, low: null, high: null });
    const two = await measure({ ...four, groups: ['a', 'a', 'b', 'b'] });
    expect(two).toMatchObject({ groups: 2, accuracy: { value: 0.75, low: 0.5, high: 1 } });
    expect((await measure({ ...four, groups: ['a', null, 'a', null] })).groups).toBe(3);
  });

  it('can be stopped while they are drawn', async () => {
    let breaths = 0;
    const breathe = async (): Promise<void> => {
      await Promise.resolve();
      breaths += 1;
      if (breaths === 3) throw new Error('Enough.');
    };
    await expect(measure(predictionsOf(reference), { breathe })).rejects.toThrow('Enough.');
    expect(breaths).toBe(3);
  });

  it('weigh a large group as one draw among many', async () => {
    const truth = Array.from({ length: 1020 }, () => 0);
    const predicted = truth.map((_, item) => (item < 1000 ? 0 : 1));
    const groups = truth.map((_, item) => (item < 1000 ? 'large' : `small ${item}`));
    const { accuracy } = await measure({ ...answers(truth, predicted), groups });
    // In e^-1 of the samples the large group, the only one with right answers, is not drawn at all.
    expect(accuracy.low).toBe(0);
    expect(accuracy.high).toBeGreaterThan(0.98);
  });

  it('cover the truth about as often as they say where groups differ, and items taken as independent do not', async () => {
    const random = createRandom(3);
    const [sets, groupCount, each] = [100, 40, 15];
    let byGroup = 0;
    let byItem = 0;
    const covers = ({ accuracy }: Evaluation) => accuracy.low! <= 0.7 && accuracy.high! >= 0.7;
    for (let set = 0; set < sets; set++) {
      // Each group has an accuracy of its own, uniform between 0.4 and 1.
      const predicted = Array.from({ length: groupCount }, () => 0.4 + 0.6 * random.next()).flatMap((share) =>
        Array.from({ length: each }, () => (random.next() < share ? 0 : 1)),
      );
      const items = answers(
        predicted.map(() => 0),
        predicted,
      );
      const groups = predicted.map((_, item) => String(Math.floor(item / each)));
      if (covers(await measure({ ...items, groups }, { seed: set, resamples: 200 }))) byGroup += 1;
      if (covers(await measure(items, { seed: set, resamples: 200 }))) byItem += 1;
    }
    expect(byGroup / sets).toBeGreaterThan(0.9);
    expect(byGroup / sets).toBeLessThan(0.99);
    expect(byItem / sets).toBeLessThan(0.8);
  });
});

describe('multinomial counts', () => {
  it('always add up, and have the mean, variance and covariance of drawing with replacement', () => {
    const members = [1, 400, 9, 90];
    const draw = createMultinomial(members, createRandom(1));
    const drawings = Array.from({ length: 20_000 }, () => Array.from(draw()));
    expect(drawings.every((counts) => counts.reduce((sum, own) => sum + own) === 500)).toBe(true);
    const mean = (of: (counts: number[]) => number) =>
      drawings.reduce((sum, counts) => sum + of(counts), 0) / drawings.length;
    for (const [kind, own] of members.entries()) {
      const variance = own * (1 - own / 500);
      expect(Math.abs(mean((counts) => counts[kind]) - own)).toBeLessThan(4 * Math.sqrt(variance / drawings.length));
      const found = mean((counts) => (counts[kind] - own) ** 2);
      expect(Math.abs(found / variance - 1)).toBeLessThan(0.06);
    }
    const covariance = mean((counts) => (counts[1] - 400) * (counts[3] - 90));
    expect(Math.abs(covariance / ((-400 * 90) / 500) - 1)).toBeLessThan(0.06);
  });

  it('of a member on its own are those of Poisson’s limit', () => {
    const draw = createMultinomial([1, 999], createRandom(2));
    const frequencies = [0, 0, 0];
    for (let drawing = 0; drawing < 20_000; drawing++) {
      const [own] = draw();
      if (own < 3) frequencies[own] += 1 / 20_000;
    }
    for (const [count, expected] of [1, 1, 1 / 2].entries())
      expect(Math.abs(frequencies[count] - expected / Math.E)).toBeLessThan(0.015);
  });
});
