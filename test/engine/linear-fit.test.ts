import { describe, expect, it } from 'vitest';
import { EngineError } from '../../main/engine/errors.ts';
import { linearMethods, logProbabilities } from '../../main/engine/linear/classifier.ts';
import { type FitInput, fitLinear, type LinearClassifier, predictLinear } from '../../main/engine/linear/fit.ts';
import { macroF1 } from '../../main/engine/linear/scores.ts';
import { syntheticInput } from '../support/linear.ts';

const regularisations = [10, 1, 0.1, 0.01];

/** The classifier's definition, in double precision throughout. */
function plainProbabilities(classifier: LinearClassifier, { data, rows, columns }: FitInput['codes']): Float64Array {
  const { classCount, mean, deviation, weights, bias, platt } = classifier;
  const result = new Float64Array(rows * classCount);
  for (let row = 0; row < rows; row++) {
    const scores = bias.map((offset, c) => {
      let score = offset;
      for (let j = 0; j < columns; j++)
        score += (weights[c * columns + j] * (data[row * columns + j] - mean[j])) / deviation[j];
      return score;
    });
    result.set(logProbabilities(scores, 0, classCount, platt).map(Math.exp), row * classCount);
  }
  return result;
}

function accuracyOn(part: string, input: FitInput, probabilities: Float32Array): number {
  const classCount = input.classNames.length;
  let right = 0;
  let count = 0;
  for (const [row, own] of input.parts.entries())
    if (own === part) {
      const values = probabilities.subarray(row * classCount, (row + 1) * classCount);
      count++;
      if (values.indexOf(Math.max(...values)) === input.classes[row]) right++;
    }
  return right / count;
}

for (const method of linearMethods)
  describe(`fitting by ${method}`, () => {
    const input = syntheticInput({ rows: 400, groupSize: 4 });

    it('learns, chooses on validation, and predicts as its definition says', async () => {
      const classifier = await fitLinear(input, { method, regularisations });
      expect(classifier.chosenOn).toBe('validation');
      expect(classifier.converged).toBe(true);
      expect(classifier.grid.map(({ value }) => value)).toEqual(regularisations);
      const best = Math.max(...classifier.grid.map((point) => point.macroF1));
      const chosen = classifier.grid.find(({ value }) => value === classifier.regularisation)!;
      expect(chosen.macroF1).toBe(best);
      for (const point of classifier.grid)
        if (point.macroF1 === best) expect(chosen.logLoss).toBeLessThanOrEqual(point.logLoss);

      const probabilities = await predictLinear(classifier, input.codes);
      expect(accuracyOn('test', input, probabilities)).toBeGreaterThan(0.8);
      const expected = plainProbabilities(classifier, input.codes);
      for (const [i, probability] of probabilities.entries())
        expect(Math.abs(probability - expected[i])).toBeLessThan(1e-6);
    });

    it('never looks at the test part', async () => {
      const spoilt = { ...input, codes: { ...input.codes, data: input.codes.data.slice() } };
      const classes = input.classes.slice();
      for (const [row, part] of input.parts.entries())
        if (part === 'test') {
          classes[row] = 0;
          spoilt.codes.data.fill(NaN, row * input.codes.columns, (row + 1) * input.codes.columns);
        }
      const options = { method, regularisations };
      expect(await fitLinear({ ...spoilt, classes }, options)).toEqual(await fitLinear(input, options));
    });

    it('gives the same bits for a seed', async () => {
      const options = { method, regularisations, seed: 3 };
      expect(await fitLinear(input, options)).toEqual(await fitLinear(input, options));
    });

    it('is standardised by training and validation in the end', async () => {
      const { mean } = await fitLinear(input, { method, regularisations: [1] });
      const rows = [...input.parts.keys()].filter((row) => input.parts[row] !== 'test');
      const sum = rows.reduce((total, row) => total + input.codes.data[row * input.codes.columns], 0);
      expect(mean[0]).toBeCloseTo(sum / rows.length, 9);
    });

    it('chooses by folds where validation lacks a class', async () => {
      const parts = input.parts.map((part, row) =>
        part === 'validation' && input.classes[row] === 2 ? 'train' : part,
      );
      const classifier = await fitLinear({ ...input, parts }, { method, regularisations });
      expect(classifier.chosenOn).toBe('folds');
      expect(accuracyOn('test', input, await predictLinear(classifier, input.codes))).toBeGreaterThan(0.8);
    });

    it('learns from a few items of one group', async () => {
      const few = syntheticInput({ rows: 9, columns: 40, groupSize: 9, distance: 2, seed: 2 });
      const classes = few.classes.map((_, row) => row % 3);
      const parts = few.parts.map(() => 'train' as const);
      const classifier = await fitLinear({ ...few, classes, parts }, { method, regularisations });
      expect(classifier.chosenOn).toBe('folds');
      const probabilities = await predictLinear(classifier, few.codes);
      expect(probabilities.every((value) => value >= 0 && value <= 1)).toBe(true);
    });

    it('gives no weight to a constant column and to rows without a class', async () => {
      const codes = { ...input.codes, data: input.codes.data.slice() };
      const classes = input.classes.slice();
      for (let row = 0; row < codes.rows; row++) {
        codes.data[row * codes.columns + 5] = 7;
        if (row % 10 === 4) {
          classes[row] = -1;
          codes.data.fill(1e9, row * codes.columns, (row + 1) * codes.columns);
        }
      }
      const { weights, mean } = await fitLinear({ ...input, codes, classes }, { method, regularisations: [1] });
      for (const c of [0, 1, 2]) expect(weights[c * codes.columns + 5]).toBe(0);
      expect(mean[0]).toBeLessThan(10);
    });

    it('weighs classes when it is told to', async () => {
      const rare = syntheticInput({ rows: 600, distance: 0.25, seed: 8 });
      const classes = rare.classes.map((one, row) => (one === 2 && row % 12 > 0 ? 0 : one));
      const found = async (classWeights: 'none' | 'balanced') => {
        const classifier = await fitLinear({ ...rare, classes }, { method, regularisations: [1], classWeights });
        // Scores, since sigmoids put the true frequencies back.
        const scores = plainProbabilities({ ...classifier, platt: undefined }, rare.codes);
        const own = [...classes.keys()].filter((row) => classes[row] === 2);
        return own.filter((row) => scores[row * 3 + 2] === Math.max(...scores.subarray(row * 3, row * 3 + 3))).length;
      };
      expect(await found('balanced')).toBeGreaterThan(await found('none'));
    });

    it('stops at once when the job is cancelled', async () => {
      for (const at of [1, 4]) {
        let breaths = 0;
        const breathe = () => (++breaths === at ? Promise.reject(new Error('cancelled')) : Promise.resolve());
        await expect(fitLinear(input, { method, regularisations, breathe })).rejects.toThrow('cancelled');
        expect(breaths).toBe(at);
      }
    });

    it('counts its steps to the end', async () => {
      const seen: { done: number; total: number }[] = [];
      const breathe = (progress?: { done: number; total: number }) => {
        if (progress) seen.push(progress);
        return Promise.resolve();
      };
      await fitLinear(input, { method, regularisations, breathe });
      expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => i + 1));
      expect(seen.at(-1)!.done).toBe(seen.at(-1)!.total);
    });
  });

describe('what cannot be fitted', () => {
  const input = syntheticInput({ rows: 60 });

  it('names the classes without items and how many each has', async () => {
    const classes = input.classes.map((one) => (one === 1 ? 0 : one));
    const fit = fitLinear({ ...input, classes }, { method: 'softmax' });
    await expect(fit).rejects.toThrow(EngineError);
    await expect(fit).rejects.toThrow(
      /no item outside the test part to learn from: oval\..*round: \d+, oval: 0, flat: \d+/,
    );
  });

  it('says which code is not finite', async () => {
    const data = input.codes.data.slice();
    const row = input.parts.indexOf('train');
    data[row * input.codes.columns + 3] = NaN;
    const fit = fitLinear({ ...input, codes: { ...input.codes, data } }, { method: 'svm' });
    await expect(fit).rejects.toThrow(`Code ${row} holds a value that is not a finite number`);
  });

  it('is lists that do not belong together, or one class', async () => {
    const { classes, classNames } = input;
    await expect(fitLinear({ ...input, classes: classes.slice(1) }, { method: 'svm' })).rejects.toThrow(
      'There are 60 codes but 59 classes.',
    );
    await expect(fitLinear({ ...input, classNames: classNames.slice(0, 1) }, { method: 'svm' })).rejects.toThrow(
      'at least two classes',
    );
  });
});

describe('macro-F1', () => {
  it('is over the classes that have items', () => {
    // Class 0: F1 = 2·3 / (4 + 4); class 1: 2·2 / (3 + 2); class 2 has no items but is predicted once.
    const confusion = Float64Array.of(3, 0, 1, 1, 2, 0, 0, 0, 0);
    expect(macroF1(confusion, 3)).toBeCloseTo((6 / 8 + 4 / 5) / 2, 12);
    expect(macroF1(new Float64Array(9), 3)).toBeNull();
  });
});
