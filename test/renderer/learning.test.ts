import { expect, test } from 'vitest';
import type { RunAnswer, RunInfo } from '../../main/contract/api/learning.ts';
import { defaultAugmentation } from '../../main/contract/augmentation.ts';
import type { Evaluation, Interval } from '../../main/contract/evaluation.ts';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { range, short, spoken } from '../../renderer/src/charts/figures.ts';
import { chartCsv } from '../../renderer/src/charts/chart-csv.ts';
import { powersAround, roundTicks, smooth } from '../../renderer/src/charts/scale.ts';
import { changesBetween } from '../../renderer/src/evaluate/changes.ts';
import { folderOf, lastPart } from '../../renderer/src/share/paths.ts';
import { nameOf, recipeOf, spokenName, titleOf } from '../../renderer/src/runs.ts';
import { comparedScores, comparedSettings } from '../../renderer/src/train/compare.ts';
import { freezeAt, shareOfEpoch, stopOf, trainedParameters } from '../../renderer/src/freezing.ts';
import { type FineTuningForm, suggestedFreeze } from '../../renderer/src/train/fine-tuning-form.ts';
import { defaultForm, settingsOf } from '../../renderer/src/train/settings.ts';

test.each([
  [0, '0'],
  [812, '812'],
  [999, '999'],
  [999.6, '1.0 k'],
  [13_400, '13 k'],
  [9_949, '9.9 k'],
  [9_960, '10 k'],
  [999_960, '1.0 M'],
  [2_200_000, '2.2 M'],
  [61_000_000_000, '61 G'],
])('%d is written %s', (value, text) => {
  expect(short(value)).toBe(text);
});

test('a measure without an interval, or without a value, is said to be so', () => {
  expect(spoken({ value: 0.5, low: 0.4, high: 0.6 })).toBe('0.500, 95% interval 0.400 to 0.600');
  expect(spoken({ value: 0.5, low: null, high: null })).toBe('0.500');
  expect(spoken({ value: null, low: null, high: null })).toBe('not defined');
  expect(range({ value: 0.5, low: null, high: 0.6 })).toBe('');
});

const answer = (itemId: number, truth: number, predicted: number, part: RunAnswer['part'] = 'test'): RunAnswer => ({
  itemId,
  part,
  truth,
  predicted,
  probabilities: [],
});

test('what changed between two runs goes by class names, on the test items of both', () => {
  const before = {
    classes: ['a', 'b', 'c'],
    answers: [
      answer(1, 0, 1),
      answer(2, 0, 0),
      answer(3, 0, 1),
      answer(4, 0, 1),
      answer(5, 1, 1),
      answer(6, 0, 1),
      answer(7, 0, 1, 'train'),
    ],
  };
  // The same classes in another order: a is 2, b is 1, c is 0.
  const now = {
    classes: ['c', 'b', 'a'],
    answers: [
      answer(1, 2, 2),
      answer(2, 2, 1),
      answer(3, 2, 0),
      answer(4, 2, 1),
      answer(5, 1, 1),
      answer(6, 2, 2, 'train'),
      answer(7, 2, 2),
      answer(8, 2, 2),
    ],
  };
  expect(changesBetween(before, now)).toEqual({ shared: 5, mended: [1], broken: [2], otherwise: [3], still: [4] });
});

type Finished = RunInfo & { result: NonNullable<RunInfo['result']> };

function finished(id: number, point: string, classes: string[], macroF1: number | null, logLoss: number): Finished {
  const none: Interval = { value: macroF1, low: null, high: null };
  const test: Evaluation = {
    items: 10,
    groups: 10,
    accuracy: none,
    balancedAccuracy: none,
    macroF1: none,
    weightedF1: null,
    logLoss,
    brier: null,
    calibration: { error: 0.1, bins: [] },
    perClass: classes.map((name) => ({ name, support: 5, predicted: 5, precision: none, recall: none, f1: macroF1 })),
    confusion: [],
  };
  return {
    id,
    name: null,
    created: '2026-01-01T00:00:00.000Z',
    status: 'done',
    error: null,
    config: {
      method: 'softmax',
      network: { hash: '', name: 'net' },
      point,
      pooling: 'avg',
      preprocessing: {
        size: 224,
        range: [0, 1],
        mean: [0, 0, 0],
        deviation: [1, 1, 1],
        channels: 'rgb',
        layout: 'nchw',
      },
      device: 'auto',
      seed: 0,
      split: 1,
      classes,
      margin: 0.1,
      displayLimits: null,
    },
    result: { regularisation: 0.1, grid: [], counts: { train: 30, validation: 10, test: 10 }, test },
  };
}

test('a run is called by its number, and by its name where it has one', () => {
  expect([nameOf({ id: 3, name: null }), spokenName({ id: 3, name: null })]).toEqual(['Run 3', 'run 3']);
  expect(nameOf({ id: 3, name: 'No blur' })).toBe('No blur (run 3)');
  expect(titleOf({ ...finished(3, 'conv', ['a', 'b'], 0.5, 0.1), name: 'No blur' })).toMatch(
    /^No blur \(run 3\) · macro-F1/,
  );
});

test('compared runs: what differs, and which did best, as it is shown', () => {
  const runs = [
    finished(3, 'conv2', ['a', 'b'], 0.9312, 0.2),
    finished(2, 'conv1', ['b', 'a', 'c'], 0.9314, 0.1),
    finished(1, 'conv1', ['a', 'b'], null, 0.3),
  ];
  const scores = new Map(comparedScores(runs).map((row) => [row.name, row]));
  expect(scores.get('Macro-F1')).toMatchObject({ values: ['0.931', '0.931', '–'], differs: true, best: [0, 1] });
  expect(scores.get('Log loss')).toMatchObject({ best: [1] });
  expect(scores.get('Brier score')).toMatchObject({ values: ['–', '–', '–'], differs: false, best: [] });
  expect([...scores.keys()].filter((name) => name.startsWith('F1 of'))).toEqual(['F1 of a', 'F1 of b']);
  const differing = comparedSettings(runs).filter(({ differs }) => differs);
  expect(differing.map(({ name }) => name)).toEqual(['Freeze point', 'Classes']);
});

test('training settings are taken only when every field can be meant', () => {
  const form = defaultForm('conv1');
  expect(settingsOf(form)).toMatchObject({ point: 'conv1', size: null, seed: 0 });
  expect(settingsOf({ ...form, size: '96', seed: '7' })).toMatchObject({ size: 96, seed: 7 });
  for (const wrong of [{ size: '7' }, { size: '5000' }, { size: '9.5' }, { seed: '' }, { seed: '-1' }]) {
    expect(settingsOf({ ...form, ...wrong })).toBeNull();
  }
});

test('of a fine-tuning only what was written is told; the rest is for the defaults', () => {
  const tuned = { ...defaultForm('conv1'), way: 'fine-tune' as const };
  const choiceOf = (written: Partial<FineTuningForm>) => {
    const settings = settingsOf({ ...tuned, fineTuning: { ...tuned.fineTuning, ...written } });
    return settings?.method === 'fine-tune' ? settings.choice : null;
  };
  const usual = { freeze: null, optimizer: 'adamw', balanced: false, averaging: false };
  expect(choiceOf({})).toEqual(usual);
  expect(choiceOf({ freeze: 'conv1', rate: '1e-4', patience: '0' })).toEqual({
    ...usual,
    freeze: 'conv1',
    rate: 1e-4,
    patience: null,
  });
  expect(choiceOf({ freeze: 'conv1', fromScratch: true })).toEqual({ ...usual, init: 'random' });
  expect(choiceOf({ variation: 'turns' })?.augmentation).toMatchObject({ symmetries: 'all', scale: 0 });
  for (const wrong of [{ epochs: '0' }, { epochs: '1.5' }, { rate: '-1' }, { rate: 'x' }, { pretrainedRate: '2' }])
    expect(choiceOf(wrong)).toBeNull();
});

test('a fine-tuning begins in the middle where nothing was chosen', () => {
  const points = ['a', 'b', 'c', 'd', 'last'].map((name) => ({ name }));
  const network = { freezePoints: points } as unknown as NetworkInfo;
  expect(suggestedFreeze(network)).toBe('c');
  expect(suggestedFreeze({ ...network, freezePoints: network.freezePoints.slice(4) })).toBe('');
});

test('what a freeze point comes to: parameters, and the share of an epoch’s time', () => {
  const points = ['a', 'b', 'c', 'd', 'last'].map((name, at) => ({
    name,
    parametersBefore: 10 * at,
    multiplyAddsBefore: 100 * at,
    shape: [4],
  }));
  const network = { freezePoints: points } as unknown as NetworkInfo;
  expect(trainedParameters(network, null, 3)).toBe(40 + 5 * 3);
  expect(trainedParameters(network, 'b', 3)).toBe(30 + 5 * 3);
  expect(trainedParameters(network, 'last', 3)).toBe(5 * 3);
  expect(shareOfEpoch(network, null, 3)).toBe(1);
  expect(shareOfEpoch(network, 'b', 3)).toBeCloseTo(312 / 412, 12);
  expect([null, 'a', 'last'].map((freeze) => stopOf(network, freeze))).toEqual([0, 1, 5]);
  expect([0, 1, 5].map((stop) => freezeAt(network, stop))).toEqual([null, 'a', 'last']);
});

test('charts get round numbers, and a smoothed line that begins at its first value', () => {
  expect(roundTicks(0, 0.66, 4)).toEqual([0, 0.2, 0.4, 0.6]);
  expect(roundTicks(0.765, 1, 4)).toEqual([0.8, 0.9, 1]);
  expect(roundTicks(1, 1, 4)).toEqual([]);
  expect(smooth([4, 4, 4], 0.1)).toEqual([4, 4, 4].map((value) => expect.closeTo(value, 9) as number));
  expect(smooth([0, 1], 0.5)[1]).toBeCloseTo(2 / 3, 9);
});

test('a chart as a table has a row for every place, and quotes what must be', () => {
  const series = [
    { name: 'each step', colour: '', points: [0.5, 1].map((x) => ({ x, y: 10 * x })) },
    { name: 'run 1, "best"', colour: '', points: [{ x: 1, y: 0.25 }] },
  ];
  expect(chartCsv('epoch', series)).toBe('epoch,each step,"run 1, ""best"""\r\n0.5,5,\r\n1,10,0.25\r\n');
});

test('an axis of powers holds its values, and does not reach for zero', () => {
  expect(powersAround([0.00015, 0.001])).toEqual({ low: -4, high: -3 });
  expect(powersAround([0.02, 0.001, 0])).toEqual({ low: -3, high: -1 });
  expect(powersAround([1e-12, 0.5])).toEqual({ low: -5, high: 0 });
  expect(powersAround([1])).toEqual({ low: -1, high: 0 });
  expect(powersAround([])).toEqual({ low: -1, high: 0 });
});

test('paths of either system are taken apart', () => {
  expect([lastPart('/a/b/c.onnx'), folderOf('/a/b/c.onnx')]).toEqual(['c.onnx', '/a/b']);
  expect([lastPart('C:\\a\\c.onnx'), folderOf('C:\\a\\c.onnx')]).toEqual(['c.onnx', 'C:\\a']);
  expect(lastPart('/a/b/')).toBe('b');
});

test('a fine-tuned run says what was frozen, and is compared with linear ones', () => {
  const linear = finished(1, 'conv_1', ['a', 'b'], 0.8, 0.5);
  const fineTuning = {
    freeze: 'conv_2',
    init: 'pretrained',
    headStart: 'fitted',
    optimizer: 'adamw',
    rate: 0.001,
    pretrainedRate: 0.1,
    rateFall: 2.6,
    weightDecay: 0.01,
    towardPretrained: 0,
    schedule: 'cosine',
    warmUp: 0.1,
    epochs: 20,
    batchSize: 32,
    clip: 1,
    labelSmoothing: 0,
    balanced: false,
    averaging: false,
    patience: 5,
    normalisation: 'running',
    augmentation: defaultAugmentation,
    views: 8,
  } as const;
  const config = { ...linear.config, method: 'fine-tune', fineTuning } as const;
  const tuned: Finished = { ...linear, id: 2, config, result: { ...linear.result, regularisation: null } };
  expect(recipeOf(linear.config)).toBe('Softmax regression at conv_1');
  expect(recipeOf(config)).toBe('Fine-tuning after conv_2');
  expect(recipeOf({ ...config, fineTuning: { ...fineTuning, freeze: null } })).toBe('Fine-tuning of everything');
  expect(titleOf(tuned)).toMatch(/^Run 2 · macro-F1 0\.800 · Fine-tuning, .* after conv_2$/);
  const rows = new Map(comparedSettings([linear, tuned]).map(({ name, values }) => [name, values]));
  expect(rows.get('Freeze point')).toEqual(['conv_1', 'conv_2']);
  expect(rows.get('Penalty chosen')![1]).toBe('–');
  expect(rows.get('Learning rate')).toEqual(['–', '0.001']);
  const lowered: Finished = { ...tuned, config: { ...config, fineTuning: { ...fineTuning, rateByFit: true } } };
  const own = comparedSettings([lowered]).find(({ name }) => name === 'Learning rate');
  expect(own!.values).toEqual(['0.001 at most']);
  expect(comparedSettings([linear]).some(({ name }) => name === 'Learning rate')).toBe(false);
});
