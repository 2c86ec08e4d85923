import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../main/engine/random.ts';
import { parseVoc } from '../../main/images/sources/voc-xml.ts';

export const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

export interface Labelled {
  readonly image: string;
  readonly label: string;
  /** Of a region; the whole image where there is none. */
  readonly box?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

export interface DataSet {
  readonly name: string;
  /** Side of the input, in pixels. */
  readonly size: number;
  /** Whether the images have no up and no left: whether turned and mirrored ones are like them. */
  readonly symmetric: boolean;
  /** Items to learn and to choose from. */
  readonly pool: readonly Labelled[];
  /** Items that are only ever measured on; drawn from the pool anew for each seed where there are none. */
  readonly test: readonly Labelled[];
}

export type Part = 'train' | 'validation' | 'test';

/** Fewer of a class cannot be divided three ways. */
const leastOfClass = 20;

/** White blood cells of two laboratories: few, very unbalanced, unlike the pretraining data. */
export function whiteCells(): DataSet {
  const folder = join(shared, 'data/wbc');
  const [, ...lines] = readFileSync(join(folder, 'labels.csv'), 'utf8').trim().split(/\r?\n/);
  const all = lines.map((line): Labelled => {
    const [image, label] = line.split(',');
    return { image: join(folder, image), label };
  });
  const counts = Map.groupBy(all, ({ label }) => label);
  const pool = all.filter(({ label }) => counts.get(label)!.length >= leastOfClass);
  return { name: 'wbc', size: 96, symmetric: true, pool, test: [] };
}

/** Small pictures of animals and vehicles: like the pretraining data in kind. */
export function cifar(): DataSet {
  const folder = join(shared, 'data/cifar10');
  const part = (name: string): Labelled[] =>
    readdirSync(join(folder, name)).flatMap((label) =>
      readdirSync(join(folder, name, label)).map((file) => ({ image: join(folder, name, label, file), label })),
    );
  return { name: 'cifar10', size: 64, symmetric: false, pool: part('train'), test: part('test') };
}

/** Items of each class that are tested at most. */
const mostTested = 120;

/** Red cells, white cells and platelets in blood smears: easy to tell apart, unlike the pretraining data. */
export function bloodCells(): DataSet {
  const folder = join(shared, 'data/bccd');
  const listed = new Set(readFileSync(join(folder, 'ImageSets/Main/test.txt'), 'utf8').split(/\s+/));
  const random = createRandom(0);
  const [pool, test]: [Labelled[], Labelled[]] = [[], []];
  for (const file of readdirSync(join(folder, 'Annotations')).sort()) {
    const name = basename(file, '.xml');
    const { objects } = parseVoc(readFileSync(join(folder, 'Annotations', file), 'utf8'));
    for (const { name: label, box } of objects)
      if (box.width > 0 && box.height > 0)
        (listed.has(name) ? test : pool).push({ image: join(folder, 'JPEGImages', `${name}.jpg`), label, box });
  }
  const tested = [...Map.groupBy(random.shuffle(test), ({ label }) => label).values()];
  return { name: 'bccd', size: 64, symmetric: true, pool, test: tested.flatMap((own) => own.slice(0, mostTested)) };
}

/** Kinds by the numbers of their ImageNet classes, first and last. */
const kinds: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  bird: [
    [7, 24],
    [80, 100],
    [127, 146],
  ],
  reptile: [[25, 68]],
  dog: [[151, 268]],
  mammal: [
    [269, 299],
    [330, 388],
  ],
  insect: [[300, 326]],
  food: [[924, 969]],
};

/** ImageNet itself, one image of each class, to be told apart by kind: few, and as like the pretraining data as can be. */
export function photographs(): DataSet {
  const samples = join(shared, 'data/imagenet-samples');
  const thumbs = join(shared, 'data/imagenet-thumbs');
  const [, ...lines] = readFileSync(join(samples, 'labels.csv'), 'utf8').trim().split(/\r?\n/);
  const numbered = [
    ...lines.map((line) => [join(samples, line.split(',')[0]), Number(line.split(',')[2])] as const),
    ...readdirSync(thumbs).map((file) => [join(thumbs, file), Number(basename(file, '.jpg'))] as const),
  ];
  const kindOf = (number: number): string | undefined =>
    Object.entries(kinds).find(([, ranges]) => ranges.some(([first, last]) => number >= first && number <= last))?.[0];
  const pool = numbered.flatMap(([image, number]) => {
    const label = kindOf(number);
    return label === undefined ? [] : [{ image, label }];
  });
  return { name: 'imagenet kinds', size: 128, symmetric: false, pool, test: [] };
}

/**
 * Divides a data set for one seed.
 *
 * @param perClass how many labels of each class there are to learn and to choose from; all when absent
 */
export function drawParts(
  { pool, test }: DataSet,
  perClass: number | undefined,
  seed: number,
): (Labelled & { part: Part })[] {
  const random = createRandom(seed);
  const drawn: (Labelled & { part: Part })[] = test.map((item) => ({ ...item, part: 'test' }));
  for (const [, own] of [...Map.groupBy(pool, ({ label }) => label)].sort(([a], [b]) => a.localeCompare(b))) {
    const shuffled = random.shuffle([...own]);
    const tested = test.length ? 0 : Math.round(0.3 * shuffled.length);
    const rest = shuffled.slice(tested, perClass === undefined ? undefined : tested + perClass);
    const chosen = Math.max(1, Math.round((perClass === undefined ? 0.2 : 0.3) * rest.length));
    drawn.push(...shuffled.slice(0, tested).map((item) => ({ ...item, part: 'test' as const })));
    drawn.push(
      ...rest.map((item, at) => ({ ...item, part: at < chosen ? ('validation' as const) : ('train' as const) })),
    );
  }
  return drawn;
}

/** The items as a table that the product imports. */
export function tableOf(items: readonly (Labelled & { part: Part })[]): string {
  const rows = items.map(({ image, label, part, box }) =>
    [image, label, part, ...(box ? [box.x, box.y, box.width, box.height] : [])].join(','),
  );
  const heading = ['image', 'label', 'split', ...(items[0]?.box ? ['x', 'y', 'width', 'height'] : [])].join(',');
  return [heading, ...rows].join('\n');
}
