import { count } from '../contract/counts.ts';

/** A score, as the command line and the screens write it: "0.931". */
export const figure = (value: number): string => value.toFixed(3);

/** A share: "93%". */
export const points = (share: number): string => `${Math.round(share * 100)}%`;

/** The domain shift goes over orders of magnitude. */
export const shiftText = (value: number): string => value.toFixed(2);

/** The first few, and how many more there are. */
export function listed(texts: readonly string[], total = texts.length): string {
  const shown = texts.slice(0, 3);
  const more = total - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${count(more)} more` : shown.join(', ');
}
