import type { LinearSettings, TrainSettings } from '../../../main/contract/training.ts';
import {
  defaultFineTuningForm,
  fineTuningChoiceOf,
  type FineTuningForm,
  fineTuningFormOf,
} from './fine-tuning-form.ts';

/** What the fields hold while it is written: numbers as text. */
export interface SettingsForm {
  /** A linear classifier on the codes, or the network itself. */
  way: 'linear' | 'fine-tune';
  method: LinearSettings['method'];
  point: string;
  pooling: LinearSettings['pooling'];
  fineTuning: FineTuningForm;
  /** Empty: the network's own. */
  size: string;
  seed: string;
  device: TrainSettings['device'];
}

/** What is right for most: the codes are one mean vector, and the penalty is chosen on the validation items anyway. */
export function defaultForm(point: string): SettingsForm {
  return {
    way: 'linear',
    method: 'softmax',
    point,
    pooling: 'avg',
    fineTuning: defaultFineTuningForm(),
    size: '',
    seed: '0',
    device: 'auto',
  };
}

/** The fields that say what training was told. */
export function formOf(settings: TrainSettings, point: string): SettingsForm {
  const form = defaultForm(point);
  const { size, seed, device } = settings;
  const common = { size: size === null ? '' : String(size), seed: String(seed), device };
  if (settings.method === 'fine-tune')
    return { ...form, ...common, way: 'fine-tune', fineTuning: fineTuningFormOf(settings.choice) };
  const { method, point: own, pooling } = settings;
  return { ...form, ...common, way: 'linear', method, point: own === 'last' ? point : own, pooling };
}

export function sizeError(size: string): string | null {
  if (size === '') return null;
  return /^\d+$/.test(size) && Number(size) >= 8 && Number(size) <= 4096 ? null : 'A whole number from 8 to 4096.';
}

export function seedError(seed: string): string | null {
  return /^\d{1,9}$/.test(seed) ? null : 'A whole number.';
}

/** null while a field holds what cannot be meant. */
export function settingsOf(form: SettingsForm): TrainSettings | null {
  if (sizeError(form.size) !== null || seedError(form.seed) !== null) return null;
  const { way, method, point, pooling, device } = form;
  const common = { size: form.size === '' ? null : Number(form.size), seed: Number(form.seed), device };
  if (way === 'linear') return { ...common, method, point, pooling };
  const choice = fineTuningChoiceOf(form.fineTuning);
  return choice && { ...common, method: 'fine-tune', choice };
}
