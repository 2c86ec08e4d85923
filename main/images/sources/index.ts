import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { UserError } from '../../contract/errors.ts';
import type { ImportFormat } from '../../contract/images.ts';
import { readHead } from '../files.ts';
import { sniffFormat, sniffLength } from '../formats.ts';
import { isCoco, readCoco } from './coco.ts';
import { readCsv } from './csv.ts';
import { readFolder } from './folder.ts';
import { groupRule, type GroupRule } from './groups.ts';
import { readJson } from './json.ts';
import { isLabelStudio, readLabelStudio } from './label-studio.ts';
import { kindOf } from './paths.ts';
import { isRefusal, type Entry, type Source, type SourceOptions } from './types.ts';
import { readVoc } from './voc.ts';

export { isRefusal, type Entry, type Source, type SourceOptions } from './types.ts';

/** What a source is, and the JSON of it where that had to be read to tell. */
interface Recognised {
  readonly format: ImportFormat;
  readonly json?: unknown;
}

/**
 * Opens a source of items: a folder of images or one image, a CSV file or a list of images, Pascal VOC, COCO or Label Studio. No
 * image is opened yet, and whether a box lies in its image is for the importer to check (`checkBox`).
 *
 * @throws UserError here or on the way through the records, when the source as a whole cannot be read. What is wrong with one file,
 *   row or annotation comes as a refusal among the records.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<Source> {
  const source = resolve(path);
  const kind = await kindOf(source);
  if (options.images !== undefined && (await kindOf(options.images)) !== 'folder')
    throw new UserError(`${options.images}: this is not a folder of images.`);
  const { format, json } = await recognise(source, kind, options.format ?? 'auto');
  if (options.labels && format !== 'folder')
    throw new UserError(`${path}: labels can be taken from folders only where the source is a folder of images.`);
  if (options.group === 'column' && format !== 'csv')
    throw new UserError(`${path}: groups can be taken from a column only where the source is a CSV file.`);

  const settings = { ...options, ...(options.images === undefined ? {} : { images: resolve(options.images) }) };
  const root = settings.images ?? (kind === 'folder' ? source : dirname(source));
  const entries = read(source, kind, format, json, settings);
  let withoutGroup = 0;
  const rule = options.group === undefined ? undefined : groupRule(options.group, root);
  return {
    format,
    root,
    records: grouped(entries, rule, () => withoutGroup++),
    withoutGroup: () => withoutGroup,
  };
}

function read(
  source: string,
  kind: 'file' | 'folder',
  format: ImportFormat,
  json: unknown,
  options: SourceOptions,
): AsyncIterable<Entry> | Iterable<Entry> {
  switch (format) {
    case 'folder':
      return kind === 'folder' ? readFolder(source, options.labels) : [{ image: source, source: basename(source) }];
    case 'csv':
      return readCsv(source, options);
    case 'voc':
      return readVoc(source, options);
    case 'coco':
      return readCoco(source, json, options);
    case 'label-studio':
      return readLabelStudio(source, json, options);
  }
}

/** Gives each item its group by the rule; what the source itself says of groups then no longer counts. */
async function* grouped(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  rule: GroupRule | undefined,
  onMiss: () => void,
): AsyncGenerator<Entry> {
  for await (const entry of entries) {
    if (!rule || isRefusal(entry)) {
      yield entry;
      continue;
    }
    const group = rule(entry);
    if (group === undefined) onMiss();
    yield { ...entry, group };
  }
}

async function recognise(path: string, kind: 'file' | 'folder', format: ImportFormat | 'auto'): Promise<Recognised> {
  const isFolder = kind === 'folder';
  if (format === 'auto') return isFolder ? { format: await recogniseFolder(path) } : recogniseFile(path);
  const takesFolder = format === 'folder' || format === 'voc';
  if (isFolder && !takesFolder) throw new UserError(`${path}: this is a folder, and the format ${format} is a file.`);
  if (!isFolder && format === 'folder' && !(await isImage(path)))
    throw new UserError(`${path}: this is neither a folder nor an image.`);
  return format === 'coco' || format === 'label-studio' ? { format, json: await readJson(path) } : { format };
}

async function recogniseFolder(path: string): Promise<ImportFormat> {
  const names = (await readdir(path)).filter((name) => !name.startsWith('.'));
  const annotations = names.filter((name) => extname(name).toLowerCase() === '.xml');
  // A folder of annotations alone, or of images each with its own beside it.
  const voc = names.includes('Annotations') || (annotations.length > 0 && annotations.length * 2 >= names.length);
  return voc ? 'voc' : 'folder';
}

async function recogniseFile(path: string): Promise<Recognised> {
  switch (extname(path).toLowerCase()) {
    case '.csv':
    case '.tsv':
    case '.txt':
      return { format: 'csv' };
    case '.xml':
      return { format: 'voc' };
    case '.json': {
      const json = await readJson(path);
      if (isCoco(json)) return { format: 'coco', json };
      if (isLabelStudio(json)) return { format: 'label-studio', json };
      throw new UserError(
        `${path}: this JSON file is neither a COCO data set (images, annotations, categories) nor an export of Label Studio ` +
          '(a list of tasks with data and annotations; JSON-MIN is not read).',
      );
    }
    default:
      if (await isImage(path)) return { format: 'folder' };
      throw new UserError(
        `${path}: what this source is cannot be told. Name its format: folder, csv, voc, coco or label-studio.`,
      );
  }
}

async function isImage(path: string): Promise<boolean> {
  return sniffFormat(await readHead(path, sniffLength)) !== undefined;
}
