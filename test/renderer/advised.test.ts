import { expect, test } from 'vitest';
import type { Plan } from '../../main/contract/advice.ts';
import type { FineTuning } from '../../main/contract/fine-tuning.ts';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import type { TrainSettings } from '../../main/contract/training.ts';
import { variations } from '../../main/contract/variations.ts';
import { changesOf } from '../../renderer/src/train/advised.ts';
import { defaultForm, formOf, settingsOf } from '../../renderer/src/train/settings.ts';

const network = {
  hash: 'abc',
  preprocessing: { size: 224 },
  freezePoints: [{ name: 'early' }, { name: 'last' }],
} as unknown as NetworkInfo;
const common = { size: null, seed: 3, device: 'auto' } as const;
const linear: TrainSettings = { ...common, method: 'softmax', point: 'early', pooling: 'avg' };
const usual = { epochs: 20, patience: 5, rate: 0.001, pretrainedRate: 0.1, batchSize: 32, optimizer: 'adamw' };
const told = (augmentation: FineTuning['augmentation']) => ({ ...usual, augmentation }) as unknown as FineTuning;
const planOf = (settings: TrainSettings, fineTuning: FineTuning | null = null) =>
  ({ network: { hash: 'abc', name: 'net' }, settings, fineTuning }) as unknown as Plan;

test.each([
  linear,
  { ...common, size: 96, method: 'fine-tune', choice: { freeze: null, augmentation: variations.upright } },
  {
    ...common,
    method: 'fine-tune',
    choice: { freeze: 'early', rate: 0.01, patience: null, optimizer: 'sgd', balanced: true, averaging: true },
  },
  { ...common, method: 'fine-tune', choice: { freeze: null, init: 'random', augmentation: variations.none } },
] as const satisfies readonly TrainSettings[])(
  'the fields show what training was told, and tell it again: %#',
  (settings) => {
    expect(settingsOf(formOf(settings, 'last'))).toMatchObject(settings);
  },
);

test('every setting that is not as advised says what is, and takes it', () => {
  const plan = planOf(linear);
  const form = formOf(linear, 'last');
  expect(changesOf(form, plan, network, undefined)).toEqual({});
  Object.assign(form, { method: 'svm', point: 'last', size: '96' });
  const changes = changesOf(form, plan, network, undefined);
  expect(Object.fromEntries(Object.entries(changes).map(([name, { advised }]) => [name, advised]))).toEqual({
    size: '224 px',
    method: 'Softmax regression',
    point: 'early',
  });
  for (const { take } of Object.values(changes)) take();
  expect(form).toEqual(formOf(linear, 'last'));
  // The network's own size, written out, is the network's own size.
  expect(changesOf({ ...form, size: '224' }, plan, network, undefined)).toEqual({});
});

test('a fine-tuning is compared by what it would be told, whether or not a field was left alone', () => {
  const tuned: TrainSettings = {
    ...common,
    method: 'fine-tune',
    choice: { freeze: null, augmentation: variations.upright },
  };
  const plan = planOf(tuned, told(variations.upright));
  const form = formOf(tuned, 'last');
  form.fineTuning.epochs = '20';
  expect(changesOf(form, plan, network, told(variations.upright))).toEqual({});
  form.fineTuning.epochs = '7';
  form.fineTuning.variation = 'usual';
  form.fineTuning.freeze = 'early';
  const now = { ...told(variations.usual), epochs: 7 };
  const changes = changesOf(form, plan, network, now);
  expect(Object.keys(changes).sort()).toEqual(['epochs', 'freeze', 'variation']);
  expect(changes.epochs?.advised).toBe('20');
  changes.epochs?.take();
  expect(form.fineTuning.epochs).toBe('');
});

test('nothing is marked without a plan, for another network, or for another way to train', () => {
  const other = formOf({ ...linear, method: 'svm' }, 'last');
  expect(changesOf(other, null, network, undefined)).toEqual({});
  expect(changesOf(other, planOf(linear), { ...network, hash: 'other' }, undefined)).toEqual({});
  expect(changesOf({ ...defaultForm('last'), way: 'fine-tune' }, planOf(linear), network, undefined)).toEqual({});
});
