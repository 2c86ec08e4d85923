import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../../contract/errors.ts';
import type { Part } from '../../contract/images.ts';
import { imageExtensions } from '../formats.ts';
import { byName, kindOf, resolveImage } from './paths.ts';
import { readText } from './text.ts';
import type { Entry, SourceOptions } from './types.ts';
import { parseVoc, type VocAnnotation } from './voc-xml.ts';

/** An annotation is a few kilobytes; nothing of this size is one. */
const largestAnnotation = 16 * 2 ** 20;

/** The lists that are read, the telling ones first: `trainval` only says that an image is not for testing. */
const lists: readonly (readonly [string, Part])[] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test', 'test'],
  ['trainval', 'train'],
];

interface Layout {
  readonly annotations: readonly string[];
  readonly images: string;
  /** Of the data set; lists of its parts lie below. Absent where a folder of annotations or one of them was named. */
  readonly root?: string;
}

async function layoutOf(path: string, images: string | undefined): Promise<Layout> {
  if ((await kindOf(path)) === 'file') return { annotations: [path], images: images ?? dirname(path) };
  const names = await readdir(path);
  const root = names.includes('Annotations') ? path : undefined;
  const folder = root ? join(path, 'Annotations') : path;
  const annotations = (root ? await readdir(folder) : names)
    .filter((name) => extname(name).toLowerCase() === '.xml' && !name.startsWith('.'))
    .sort(byName)
    .map((name) => join(folder, name));
  if (annotations.length === 0) throw new UserError(`${folder}: there are no XML annotations here.`);
  const besides = names.includes('JPEGImages') ? join(path, 'JPEGImages') : folder;
  return { annotations, images: images ?? besides, ...(root ? { root } : {}) };
}

/**
 * Reads Pascal VOC annotations: a data set with `Annotations`, `JPEGImages` and, where they are, the lists
 * `ImageSets/Main/train.txt`, `val.txt`, `test.txt` and `trainval.txt` as parts of the split; or a folder of XML files; or one of them. Images
 * are found by `<filename>`, and where there is none of that name by the XML file's own name. See `parseVoc` for the boxes.
 *
 * @throws UserError when there are no annotations. A faulty file, or object of one, is refused alone.
 */
export async function* readVoc(path: string, options: SourceOptions = {}): AsyncGenerator<Entry> {
  const { annotations, images, root } = await layoutOf(path, options.images);
  const parts = new Map<string, Part>();
  if (root) yield* readLists(root, parts);
  const known = new Set(await readdir(images));
  for (const file of annotations) {
    const source = basename(file);
    const stem = basename(file, extname(file));
    try {
      const annotation = await readAnnotation(file);
      const image = findImage(images, known, annotation.filename, stem);
      const part = parts.get(stem);
      for (const { line, reason } of annotation.faults) yield { source: `${source} line ${line}`, reason };
      for (const { name, box, line } of annotation.objects)
        yield { image, box, label: name, ...(part ? { part } : {}), source: `${source} line ${line}` };
      if (annotation.objects.length + annotation.faults.length === 0)
        yield { source, reason: 'No object is marked in it, so there is nothing to import.' };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      yield { source, reason: error.message };
    }
  }
}

async function readAnnotation(file: string): Promise<VocAnnotation> {
  return parseVoc(await readText(file, largestAnnotation));
}

function findImage(folder: string, known: ReadonlySet<string>, filename: string, stem: string): string {
  // Some tools write a path of the machine on which the image was marked: its last part is what counts.
  const named = filename.split(/[\\/]/).at(-1)!;
  if (known.has(named)) return resolveImage(folder, named);
  for (const extension of imageExtensions)
    for (const variant of [extension, extension.toUpperCase()])
      if (known.has(stem + variant)) return resolveImage(folder, stem + variant);
  throw new UserError(
    `There is no image ${named || stem} in ${folder}, nor one called ${stem}. Name the folder of the images.`,
  );
}

/** Fills `parts` from the lists; yields a refusal for each image that two of them claim. */
async function* readLists(root: string, parts: Map<string, Part>): AsyncGenerator<Entry> {
  const folder = join(root, 'ImageSets', 'Main');
  const found = new Set(await readdir(folder).catch(() => []));
  const claimed = new Map<string, string>();
  for (const [list, part] of lists) {
    if (!found.has(`${list}.txt`)) continue;
    const names = (await readText(join(folder, `${list}.txt`), largestAnnotation))
      .split('\n')
      .map((name) => name.trim());
    for (const name of names) {
      const before = claimed.get(name);
      if (name === '' || (list === 'trainval' && before !== undefined && before !== 'test')) continue;
      if (before !== undefined) {
        parts.delete(name);
        yield {
          source: `ImageSets/Main/${list}.txt`,
          reason: `${name} is also in ${before}.txt: it is imported without a part of the split.`,
        };
        continue;
      }
      claimed.set(name, list);
      parts.set(name, part);
    }
  }
}
