import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../../main/engine/random.ts';

export const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

export interface Labelled {
  readonly image: string;
  readonly label: string;
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
