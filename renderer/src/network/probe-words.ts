import type { NetworkInfo } from '../../../main/contract/networks.ts';
import type { ProbeReport, ProbeSettings } from '../../../main/contract/probes.ts';

/** What the fields hold while it is written: numbers as text. */
export interface ProbeForm {
  items: string;
  pooling: ProbeSettings['pooling'];
  /** Empty: the network's own. */
  size: string;
}

export function itemsError(items: string): string | null {
  return /^\d{2,7}$/.test(items) && Number(items) >= 20 && Number(items) <= 1_000_000
    ? null
    : 'A whole number from 20 to 1,000,000.';
}

/** null while a field holds what cannot be meant. @param usual for what has no field */
export function probeSettingsOf(form: ProbeForm, usual: ProbeSettings): ProbeSettings | null {
  const size = form.size === '' ? null : Number(form.size);
  const isSize = size === null || (/^\d+$/.test(form.size) && size >= 8 && size <= 4096);
  if (itemsError(form.items) !== null || !isSize) return null;
  return { ...usual, items: Number(form.items), pooling: form.pooling, size };
}

/** Multiply-adds a second that a processor's core does at least in inference, and what fitting a probe to 1,000 items takes. */
const rateOfCore = 15e9;
const secondsOfFit = 1;

/** About how long probing takes on a processor. @param labelled how many items there are */
export function probeSeconds(
  { freezePoints, preprocessing }: Pick<NetworkInfo, 'freezePoints' | 'preprocessing'>,
  { items, size }: Pick<ProbeSettings, 'items' | 'size'>,
  labelled: number,
  cores: number,
): number {
  const used = Math.min(items, labelled);
  const scale = ((size ?? preprocessing.size) / preprocessing.size) ** 2;
  const pass = (used * freezePoints.at(-1)!.multiplyAddsBefore * scale) / (rateOfCore * Math.max(1, cores));
  return pass + freezePoints.length * secondsOfFit * (used / 1000);
}

/** What marks a freeze point among the probed ones; empty for most. */
export function marksOf({ best, earliest }: Pick<ProbeReport, 'best' | 'earliest'>, name: string): string {
  const marks = [
    ...(name === best ? ['best'] : []),
    ...(name === earliest ? ['earliest within one standard error'] : []),
  ];
  return marks.join(', ');
}
