import type { TrainSettings } from '../../../main/contract/training.ts';
import { type Variation, variations } from '../../../main/contract/variations.ts';
import type { FineTuning } from '../../../main/contract/fine-tuning.ts';
import type { NetworkInfo } from '../../../main/contract/networks.ts';

type Choice = Extract<TrainSettings, { method: 'fine-tune' }>['choice'];

/** Numbers that can be written; an empty field is for the default. */
const numbers = {
  epochs: { low: 1, high: 10_000, whole: true },
  patience: { low: 0, high: 10_000, whole: true },
  batchSize: { low: 1, high: 4096, whole: true },
  rate: { low: 1e-9, high: 10, whole: false },
  pretrainedRate: { low: 1e-9, high: 1, whole: false },
} as const;
export type NumberName = keyof typeof numbers;

export interface FineTuningForm extends Record<NumberName, string> {
  /** Name of a freeze point; empty: everything is trained. */
  freeze: string;
  fromScratch: boolean;
  optimizer: FineTuning['optimizer'];
  variation: Variation;
  balanced: boolean;
  averaging: boolean;
}

export function defaultFineTuningForm(): FineTuningForm {
  return {
    freeze: '',
    fromScratch: false,
    optimizer: 'adamw',
    variation: 'usual',
    balanced: false,
    averaging: false,
    epochs: '',
    patience: '',
    batchSize: '',
    rate: '',
    pretrainedRate: '',
  };
}

export function numberError(name: NumberName, text: string): string | null {
  const { low, high, whole } = numbers[name];
  const value = Number(text);
  if (text === '' || (value >= low && value <= high && (!whole || Number.isInteger(value)))) return null;
  if (whole) return `A whole number from ${low} to ${high}.`;
  return `A number above 0, up to ${high}.`;
}

/** What differs from the defaults; null while a field holds what cannot be meant. */
export function fineTuningChoiceOf(form: FineTuningForm): Choice | null {
  const names = Object.keys(numbers) as NumberName[];
  if (names.some((name) => numberError(name, form[name]) !== null)) return null;
  const written = Object.fromEntries(
    names.filter((name) => form[name] !== '').map((name) => [name, Number(form[name])]),
  ) as Partial<Record<NumberName, number>>;
  return {
    ...written,
    // To a person, no patience is to wait without end.
    ...(written.patience === 0 ? { patience: null } : {}),
    freeze: form.fromScratch || form.freeze === '' ? null : form.freeze,
    ...(form.fromScratch ? { init: 'random' } : {}),
    optimizer: form.optimizer,
    ...(form.variation === 'usual' ? {} : { augmentation: variations[form.variation] }),
    balanced: form.balanced,
    averaging: form.averaging,
  };
}

/** The fields that say what was chosen. */
export function fineTuningFormOf(choice: Choice): FineTuningForm {
  const form = defaultFineTuningForm();
  const written = Object.fromEntries(
    (Object.keys(numbers) as NumberName[]).map((name) => {
      const value = choice[name];
      // No patience is to wait without end.
      return [name, value === undefined ? '' : String(value ?? 0)];
    }),
  ) as Record<NumberName, string>;
  return {
    ...form,
    ...written,
    freeze: choice.freeze ?? '',
    fromScratch: choice.init === 'random',
    optimizer: choice.optimizer ?? form.optimizer,
    variation: variationOf(choice.augmentation),
    balanced: choice.balanced ?? form.balanced,
    averaging: choice.averaging ?? form.averaging,
  };
}

export const variationNames: Readonly<Record<Variation, string>> = {
  usual: 'Turned, mirrored, a little in size and colour',
  mirrored: 'Mirrored left to right, a little in size and colour',
  upright: 'A little in size and colour, neither turned nor mirrored',
  turns: 'Turned and mirrored only',
  none: 'Not at all',
};

/** The variation that an augmentation is; the usual one for none, and for those that only the command line knows. */
export function variationOf(augmentation: FineTuning['augmentation'] | undefined): Variation {
  if (augmentation === undefined) return 'usual';
  const measures = Object.keys(augmentation) as (keyof typeof augmentation)[];
  const isSame = (name: Variation) => measures.every((measure) => variations[name][measure] === augmentation[measure]);
  return (Object.keys(variations) as Variation[]).find(isSame) ?? 'usual';
}

/**
 * The freeze point to start from where none was chosen: the one in the middle. At the last, which is the usual one for codes,
 * nothing but the classifier would learn. Empty: everything is trained.
 */
export function suggestedFreeze({ freezePoints }: NetworkInfo): string {
  const last = freezePoints.at(-1)!.name;
  const middle = freezePoints[Math.floor((freezePoints.length - 1) / 2)].name;
  return middle === last ? '' : middle;
}
