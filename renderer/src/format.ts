const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** 4886 -> "4,886". */
export function count(value: number): string {
  return whole.format(value);
}

/** "1 image", "412 images". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** 0.9312 -> "93.1 %". */
export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** Items a second, as said to people: "310/s". */
export function rate(perSecond: number): string {
  return `${compact.format(perSecond)}/s`;
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
