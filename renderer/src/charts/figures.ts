import type { Interval } from '../../../main/contract/evaluation.ts';

/** A measure between 0 and 1, to three places; a dash where the items do not define it. */
export function measure(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

/** `0.919 to 0.943`; empty where there is no interval. */
export function range({ low, high }: Interval): string {
  return low === null || high === null ? '' : `${measure(low)} to ${measure(high)}`;
}

/** A measure with its interval as a sentence for those who hear it. */
export function spoken(interval: Interval): string {
  if (interval.value === null) return 'not defined';
  const ends = range(interval);
  return ends ? `${measure(interval.value)}, 95% interval ${ends}` : measure(interval.value);
}

/** `2.2 M`, `13 k`, `812`: for numbers whose size matters and not their last digits. */
export function short(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ];
  for (const [size, unit] of units) {
    // From 999.5 k on it is 1.0 M, not 1000 k.
    if (value < size * 0.9995) continue;
    const scaled = value / size;
    return `${scaled.toFixed(scaled < 9.95 ? 1 : 0)} ${unit}`;
  }
  return String(Math.round(value));
}
