import type { Series } from './series.ts';

/**
 * What a chart shows as a table: a row for every place from left to right, a column for every line; empty where a line has no
 * point there. RFC 4180.
 */
export function chartCsv(across: string, series: readonly Series[]): string {
  const rows = new Map<number, (number | undefined)[]>();
  for (const [column, { points }] of series.entries())
    for (const { x, y } of points) {
      const row = rows.get(x) ?? [];
      row[column] = y;
      rows.set(x, row);
    }
  const header = [across, ...series.map(({ name }) => name)].map(quoted).join(',');
  const lines = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => [x, ...series.map((_, column) => values[column] ?? '')].join(','));
  return `${[header, ...lines].join('\r\n')}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
