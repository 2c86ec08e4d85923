import { formatBytes } from '../../main/contract/bytes.ts';
import { count } from '../../main/contract/counts.ts';
import type { Progress } from '../../main/contract/progress.ts';

export { count, counted } from '../../main/contract/counts.ts';

const compact = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** 0.9312 -> "93.1 %". */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** Items a second, as said to people: "310/s"; "5.2 MB/s" for bytes. */
export function rate(perSecond: number, unit?: Progress['unit']): string {
  return `${unit === 'bytes' ? formatBytes(perSecond) : compact.format(perSecond)}/s`;
}

/** How far a step is: "1,840/4,886", "120 MB/244 MB", or "1,840" while the end is not known. */
export function howFar({ done, total, unit }: Pick<Progress, 'done' | 'total' | 'unit'>): string {
  const say = unit === 'bytes' ? formatBytes : count;
  return total === undefined ? say(done) : `${say(done)}/${say(total)}`;
}

/** "10 s", "4 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return 'less than 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const dates = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** An ISO 8601 time as "3 May 2026, 14:05". */
export function moment(iso: string): string {
  return dates.format(new Date(iso));
}
