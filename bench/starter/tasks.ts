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
  readonly draw: (seed: number) => readonly Grouped[];
  readonly seeds: readonly number[];
}

/** Pixels that a field of the blood smears is shrunk to, and how many of each class are labelled: hard for any network. */
const shrunkSide = 20;
const smearLabels = 20;

type Grouped = Labelled & { readonly group: string };

export function probeTasks(smears: readonly Grouped[]): ProbeTask[] {
  const cells = whiteCells().pool;
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
      // Draws of sixty items differ much.
      seeds: Array.from({ length: 15 }, (_, seed) => seed),
    },
  ];
}

export interface FineTuningTask {
  readonly data: DataSet;
  readonly perClass: number;
}

export const fineTuningSeeds = [0, 1];

export function fineTuningTasks(smears: readonly Grouped[]): FineTuningTask[] {
  const data: DataSet = { name: 'bccd', size: 96, symmetric: true, pool: smears, test: [] };
  return [
    ...[10, 30, 100].map((perClass) => ({ data, perClass })),
    // A class of white cells has 24 items left to learn from beside those that are measured on.
    ...[10, 24].map((perClass) => ({ data: whiteCells(), perClass })),
  ];
}

const classes = <T extends Labelled>(items: readonly T[]): Map<string, T[]> => Map.groupBy(items, ({ label }) => label);

/**
 * Fields of the smears that the starter's recipe leaves alone (`is_transfer_smear` in scripts/starter/data.py): around a
 * white cell, around a platelet where no white cell is, around a red cell where neither is. What they are named for lies
 * anywhere in them, they are shrunk, and grey: else their colour alone would tell.
 *
 * @param folder for the fields
 */
export async function smearFields(folder: string): Promise<Grouped[]> {
  const source = join(shared, 'data/bccd');
  const target = join(folder, `bccd-${shrunkSide}`);
  await mkdir(target, { recursive: true });
  const random = createRandom(0);
  const items: Grouped[] = [];
  for (const name of readdirSync(join(source, 'JPEGImages')).sort()) {
    if (createHash('sha256').update(name).digest()[0] % 2 === 0) continue;
    const stem = name.replace(/\.jpg$/, '');
    const image = sharp(join(source, 'JPEGImages', name));
    const { width, height } = await image.metadata();
    const cells = readCells(join(source, 'Annotations', `${stem}.xml`));
    for (const [at, { label, x, y }] of cells.entries()) {
      const place = (middle: number, room: number): number => {
        const shift = (random.next() - 0.5) * 0.7 * fieldSide;
        return Math.round(Math.min(Math.max(middle + shift - fieldSide / 2, 0), room - fieldSide));
      };
      const [left, top] = [place(x, width), place(y, height)];
      const others = new Set(cells.filter((one) => isInside(one, left, top)).map((one) => one.label));
      if (ranks.slice(0, ranks.indexOf(label)).some((rarer) => others.has(rarer))) continue;
      const file = join(target, `${stem}-${at}.png`);
      const field = image.clone().extract({ left, top, width: fieldSide, height: fieldSide });
      // As under another lamp each time: how dark a field is says nothing.
      const gain = 0.4 + 0.6 * random.next();
      const lit = field.greyscale().linear(gain, random.next() * 255 * (1 - gain));
      await writeFile(file, await lit.resize(shrunkSide, shrunkSide).png().toBuffer());
      items.push({ image: file, label, group: name });
    }
  }
  return items;
}

/** Side of a field, in pixels of the smear. */
const fieldSide = 160;
/** A field is named for the first of these that is in it. */
const ranks = ['WBC', 'Platelets', 'RBC'];

interface Cell {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly reach: number;
}

function isInside({ x, y, reach }: Cell, left: number, top: number): boolean {
  const within = (middle: number, start: number): boolean =>
    middle + reach > start && middle - reach < start + fieldSide;
  return within(x, left) && within(y, top);
}

/** The cells of a Pascal VOC file: their middles, and half of their longer sides. */
function readCells(file: string): Cell[] {
  const objects = readFileSync(file, 'utf8').matchAll(/<object>.*?<\/object>/gs);
  return [...objects].map(([text]) => {
    const read = (tag: string): string => new RegExp(`<${tag}>([^<]*)<`).exec(text)![1];
    const [left, top, right, bottom] = ['xmin', 'ymin', 'xmax', 'ymax'].map((tag) => Number(read(tag)));
    const reach = Math.max(right - left, bottom - top) / 2;
    return { label: read('name'), x: (left + right) / 2, y: (top + bottom) / 2, reach };
  });
}
