import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRandom } from '../../main/engine/random.ts';
import { type DataSet, type Labelled, shared, whiteCells } from '../study/datasets.ts';

export interface ProbeTask {
  readonly name: string;
  readonly folds: number;
  /** Items of a draw; the same for the same seed. */
  readonly draw: (seed: number) => readonly (Labelled & { readonly group: string })[];
  readonly seeds: readonly number[];
}

/** Pixels that a cell of the blood smears is shrunk to, and how many of each class are labelled: hard for any network. */
const shrunkSide = 10;
const smearLabels = 20;

/** @param folder for the crops */
export async function probeTasks(folder: string): Promise<ProbeTask[]> {
  const cells = whiteCells().pool;
  const smears = await smearCells(folder);
  return [
    {
      name: 'wbc',
      folds: 5,
      // One cell an image: the image is the group.
      draw: () => cells.map((cell) => ({ ...cell, group: cell.image })),
      seeds: [0, 1, 2],
    },
    {
      name: 'wbc-laboratories',
      folds: 2,
      draw: () => cells.map((cell) => ({ ...cell, group: cell.image.split(/[\\/]/).at(-2)! })),
      seeds: [0],
    },
    {
      name: 'bccd',
      folds: 5,
      draw: (seed) =>
        [...classes(smears).values()].flatMap((own) =>
          createRandom(seed)
            .shuffle([...own])
            .slice(0, smearLabels),
        ),
      seeds: [0, 1, 2, 3, 4, 5, 6, 7],
    },
  ];
}

export interface FineTuningTask {
  readonly data: DataSet;
  readonly perClass: number;
  readonly seeds: readonly number[];
}

export async function fineTuningTasks(folder: string): Promise<FineTuningTask[]> {
  const smears: DataSet = { name: 'bccd', size: 96, symmetric: true, pool: await smearCells(folder), test: [] };
  const seeds = [0, 1, 2];
  return [
    ...[10, 30, 100].map((perClass) => ({ data: smears, perClass, seeds })),
    // A class of white cells has 24 items left to learn from beside those that are measured on.
    ...[10, 24].map((perClass) => ({ data: whiteCells(), perClass, seeds })),
  ];
}

const classes = <T extends Labelled>(items: readonly T[]): Map<string, T[]> => Map.groupBy(items, ({ label }) => label);

interface Box {
  readonly label: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Cells of the smears that the starter's recipe leaves alone (`is_transfer_smear` in scripts/starter/data.py), shrunk. */
async function smearCells(folder: string): Promise<(Labelled & { group: string })[]> {
  const source = join(shared, 'data/bccd');
  const target = join(folder, `bccd-${shrunkSide}`);
  await mkdir(target, { recursive: true });
  const items: (Labelled & { group: string })[] = [];
  for (const name of readdirSync(join(source, 'JPEGImages')).sort()) {
    if (createHash('sha256').update(name).digest()[0] % 2 === 0) continue;
    const image = sharp(join(source, 'JPEGImages', name));
    const { width, height } = await image.metadata();
    const boxes = readBoxes(join(source, 'Annotations', name.replace(/\.jpg$/, '.xml')), width, height);
    for (const [at, { label, ...box }] of boxes.entries()) {
      const file = join(target, `${name.replace(/\.jpg$/, '')}-${at}.png`);
      const resized = image.clone().extract(box).resize(shrunkSide, shrunkSide, { fit: 'fill' });
      await writeFile(file, await resized.png().toBuffer());
      items.push({ image: file, label, group: name });
    }
  }
  return items;
}

/** Squares around the boxes of a Pascal VOC file, moved into the image; those that have no room there are left out. */
function readBoxes(file: string, imageWidth: number, imageHeight: number): Box[] {
  const objects = readFileSync(file, 'utf8').matchAll(/<object>.*?<\/object>/gs);
  return [...objects].flatMap(([text]) => {
    const read = (tag: string): string => new RegExp(`<${tag}>([^<]*)<`).exec(text)![1];
    const [left, top, right, bottom] = ['xmin', 'ymin', 'xmax', 'ymax'].map((tag) => Number(read(tag)));
    const side = Math.round(1.1 * Math.max(right - left, bottom - top));
    if (side < 8 || side > Math.min(imageWidth, imageHeight)) return [];
    const place = (middle: number, room: number): number =>
      Math.round(Math.min(Math.max(middle - side / 2, 0), room - side));
    const box = { left: place((left + right) / 2, imageWidth), top: place((top + bottom) / 2, imageHeight) };
    return [{ label: read('name'), ...box, width: side, height: side }];
  });
}
