const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;
const compact = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 });

/** 243863787 -> "244 MB": as systems and shops count, a kilobyte being 1,000 bytes. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${compact.format(value)} ${units[unit]}`;
}
