import type { LinearSettings } from '../../../main/contract/api/learning.ts';

/** What the fields hold while it is written: numbers as text. */
export interface SettingsForm {
  method: LinearSettings['method'];
  point: string;
  pooling: LinearSettings['pooling'];
  /** Empty: the network's own. */
  size: string;
  seed: string;
  device: LinearSettings['device'];
}

/** What is right for most: the codes are one mean vector, and the penalty is chosen on the validation items anyway. */
export function defaultForm(point: string): SettingsForm {
  return { method: 'softmax', point, pooling: 'avg', size: '', seed: '0', device: 'auto' };
}

export function sizeError(size: string): string | null {
  if (size === '') return null;
  return /^\d+$/.test(size) && Number(size) >= 8 && Number(size) <= 4096 ? null : 'A whole number from 8 to 4096.';
}

export function seedError(seed: string): string | null {
  return /^\d{1,9}$/.test(seed) ? null : 'A whole number.';
}

/** null while a field holds what cannot be meant. */
export function settingsOf(form: SettingsForm): LinearSettings | null {
  if (sizeError(form.size) !== null || seedError(form.seed) !== null) return null;
  return { ...form, size: form.size === '' ? null : Number(form.size), seed: Number(form.seed) };
}
