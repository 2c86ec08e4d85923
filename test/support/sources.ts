import type { ImportRecord, Refusal } from '../../main/contract/images.ts';
import { isRefusal, type Source } from '../../main/images/sources/index.ts';

/** Runs through a source: its items, and what it refuses. */
export async function collect(source: Source): Promise<{ records: ImportRecord[]; refusals: Refusal[] }> {
  const records: ImportRecord[] = [];
  const refusals: Refusal[] = [];
  for await (const entry of source.records)
    if (isRefusal(entry)) refusals.push(entry);
    else records.push(entry);
  return { records, refusals };
}
