import type { Plan } from '../../../main/contract/advice.ts';
import type { FineTuning } from '../../../main/contract/fine-tuning.ts';
import type { NetworkInfo } from '../../../main/contract/networks.ts';
import { linearMethodNames, poolingNames } from '../runs.ts';
import { type NumberName, variationNames, variationOf } from './fine-tuning-form.ts';
import { formOf, type SettingsForm } from './settings.ts';

/** Settings that a plan says, by the field that shows them. */
export type AdvisedField =
  | 'method'
  | 'point'
  | 'pooling'
  | 'freeze'
  | NumberName
  | 'variation'
  | 'optimizer'
  | 'balanced'
  | 'averaging'
  | 'fromScratch'
  | 'size';

/** A setting that is not as the plan has it. */
export interface Change {
  /** What the plan has, as said to people. */
  readonly advised: string;
  /** Takes it. */
  readonly take: () => void;
}
export type Changes = Readonly<Partial<Record<AdvisedField, Change>>>;

const numberNames: readonly NumberName[] = ['epochs', 'patience', 'rate', 'pretrainedRate', 'batchSize'];
const yes = (value: boolean): string => (value ? 'yes' : 'no');

/**
 * What of the fields is not as the plan has it. Of the other way to train nothing is advised.
 *
 * @param told all settings of the fine-tuning that the fields say
 */
export function changesOf(
  form: SettingsForm,
  plan: Plan | null | undefined,
  network: NetworkInfo | undefined,
  told: FineTuning | undefined,
): Changes {
  if (!plan || network === undefined || plan.network.hash !== network.hash) return {};
  const advised = formOf(plan.settings, network.freezePoints.at(-1)!.name);
  if (advised.way !== form.way) return {};
  const changes: Partial<Record<AdvisedField, Change>> = {};
  const compare = (field: AdvisedField, isSame: boolean, text: string, take: () => void): void => {
    if (!isSame) changes[field] = { advised: text, take };
  };
  const own = network.preprocessing.size;
  compare('size', (form.size || String(own)) === (advised.size || String(own)), `${advised.size || own} px`, () => {
    form.size = advised.size;
  });
  if (form.way === 'linear') {
    compare('method', form.method === advised.method, linearMethodNames[advised.method], () => {
      form.method = advised.method;
    });
    compare('point', form.point === advised.point, advised.point, () => {
      form.point = advised.point;
    });
    compare('pooling', form.pooling === advised.pooling, poolingNames[advised.pooling], () => {
      form.pooling = advised.pooling;
    });
    return changes;
  }
  const [tuning, goal] = [form.fineTuning, advised.fineTuning];
  const full = plan.fineTuning;
  if (!full) return changes;
  compare('freeze', tuning.freeze === goal.freeze, goal.freeze || 'nothing is frozen', () => {
    tuning.freeze = goal.freeze;
  });
  // What follows from the number of items is told anew with each label: fields that were left alone are as advised.
  if (told)
    for (const name of numberNames)
      compare(name, tuning[name] === goal[name] || told[name] === full[name], String(full[name] ?? 'never'), () => {
        tuning[name] = goal[name];
      });
  compare('variation', tuning.variation === goal.variation, variationNames[variationOf(full.augmentation)], () => {
    tuning.variation = goal.variation;
  });
  compare('optimizer', tuning.optimizer === goal.optimizer, full.optimizer === 'sgd' ? 'SGD' : 'AdamW', () => {
    tuning.optimizer = goal.optimizer;
  });
  for (const name of ['balanced', 'averaging', 'fromScratch'] as const)
    compare(name, tuning[name] === goal[name], yes(goal[name]), () => {
      tuning[name] = goal[name];
    });
  return changes;
}
