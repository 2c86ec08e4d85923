import type { ImportFormat, ImportRecord, Refusal } from '../../contract/images.ts';

/** What a source gives for each thing it names: an item to import, or why there is none. */
export type Entry = ImportRecord | Refusal;

export const isRefusal = (entry: Entry): entry is Refusal => 'reason' in entry;

export interface SourceOptions {
  /** Which kind of source it is; `auto`, as when absent, finds out. */
  readonly format?: ImportFormat | 'auto';
  /** The folder that image names are relative to; by default where the annotations lie. */
  readonly images?: string;
  /** `folders`: sub-folders name the classes of a folder source (see `readFolder`). */
  readonly labels?: 'folders';
  /** How items are grouped: `image`, `folder:N`, `column` or a regular expression (see `groupRule`). */
  readonly group?: string;
  /** Side in pixels of the box around a point: a row of a CSV file with x and y but no width and height. */
  readonly pointSize?: number;
}

/** A source of items, opened: nothing of it is kept in memory beyond what its format demands. */
export interface Source {
  readonly format: ImportFormat;
  /** The folder that group rules see paths relative to. */
  readonly root: string;
  /** Each item or refusal, in the source's own order; folders sorted by name. To be run through once. */
  readonly records: AsyncGenerator<Entry>;
  /** How many records so far the group rule has found no group for. */
  readonly withoutGroup: () => number;
}
