import { csvLine, type CsvValue, writeCsv } from '../images/csv.ts';

/**
 * Writes a table to a file, whole or not at all; or gives it as text where the file is `-`, the standard output.
 *
 * @returns what to print
 */
export async function putCsv(
  file: string,
  header: readonly string[],
  rows: readonly (readonly CsvValue[])[],
): Promise<string> {
  if (file === '-') return [header, ...rows].map(csvLine).join('\n');
  await writeCsv(file, header, rows);
  return `Wrote ${rows.length.toLocaleString('en')} rows to ${file}`;
}
