import { basename } from 'node:path';
import { isRefusal, openSource, type SourceOptions } from '../images/sources/index.ts';
import type { Refusal } from '../contract/images.ts';

export interface ImportPreview {
  readonly format: string;
  readonly records: { image: string; label: string | null; group: string | null; region: boolean }[];
  readonly refused: Refusal[];
}

/** Items of a source that a preview shows, and refusals. */
const shown = 50;

/** What an import would make of a source: its first items. No image is opened. */
export async function previewImport(source: string, options: SourceOptions): Promise<ImportPreview> {
  const { format, records: found } = await openSource(source, options);
  const records: ImportPreview['records'] = [];
  const refused: Refusal[] = [];
  for await (const record of found) {
    if (isRefusal(record)) refused.push(record);
    else {
      const { image, label = null, group = null, box } = record;
      records.push({ image: basename(image), label, group, region: box !== undefined });
    }
    if (records.length >= shown || refused.length >= shown) break;
  }
  return { format, records, refused };
}
