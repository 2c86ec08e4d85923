/**
 * `npm run study [DATASET…]`: what each way to train is worth, with few labels and with all, over five seeds. Results are kept in
 * `bench-results/study.json` as they come, so that it can be stopped and started again; the table goes to `docs/fine-tuning-study.md`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import { createProject } from '../../main/projects/project.ts';
import { createStudio, type RunningStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { importItems } from '../../main/items/import.ts';
import { cifar, type DataSet, drawParts, shared, whiteCells } from './datasets.ts';
import { KeptResults } from './kept.ts';
import { machine } from '../machine.ts';
import { studyTable } from './table.ts';
import { type Score, tryWay, type Way } from './ways.ts';

export interface Outcome extends Score {
  readonly data: string;
  readonly labels: string;
  readonly way: string;
  readonly seed: number;
}

const seeds = [0, 1, 2, 3, 4];
const perClass = [10, undefined];
const networkName = 'mobilenet-v1-0.25-224';

const ways: readonly Way[] = [
  { name: 'codes + softmax', choice: undefined },
  { name: 'LP-FT after conv_pw_11', choice: { freeze: 'conv_pw_11' } },
  { name: 'LP-FT after conv_pw_7', choice: { freeze: 'conv_pw_7' } },
  { name: 'LP-FT after conv_pw_3', choice: { freeze: 'conv_pw_3' } },
  { name: 'LP-FT, everything', choice: { freeze: null } },
  { name: 'from scratch', choice: { freeze: null, init: 'random' } },
];

const outcomes = new KeptResults<Outcome>('study');

if (!existsSync(shared)) {
  console.error('The real images and weights that are trained on are not at hand.');
  process.exit(1);
}
const wanted = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), 'parfocal-study-'));
const studio = createStudio(forkTrainer, { dataFolder: join(work, 'data') });
try {
  await addNetwork(studio.libraryFolder, studio.trainer, join(shared, 'models', networkName));
  for (const data of [whiteCells(), cifar()].filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
    for (const labels of perClass) for (const seed of seeds) await tryAll(studio, data, labels, seed);
} finally {
  studio.close();
  await rm(work, { recursive: true });
}
const table = studyTable(
  outcomes.all,
  ways.map(({ name }) => name),
  machine,
  networkName,
);
writeFileSync(join(import.meta.dirname, '../../docs/fine-tuning-study.md'), table);
console.log(table);

async function tryAll(studio: RunningStudio, data: DataSet, count: number | undefined, seed: number): Promise<void> {
  const labels = count === undefined ? 'all' : `${count} a class`;
  const isDone = (way: Way): boolean =>
    outcomes.all.some(
      (one) => one.data === data.name && one.labels === labels && one.way === way.name && one.seed === seed,
    );
  const missing = ways.filter((way) => !isDone(way));
  if (missing.length === 0) return;
  const name = `${data.name}-${count ?? 'all'}-${seed}`;
  const rows = drawParts(data, count, seed).map(({ image, label, part }) => `${image},${label},${part}`);
  const csv = join(work, `${name}.csv`);
  await writeFile(csv, ['image,label,split', ...rows].join('\n'));
  const project = createProject(join(work, name));
  try {
    await importItems(project, csv, {});
    const network = await useNetwork(studio, project, networkName);
    for (const way of missing) {
      const outcome = await tryWay(studio, project, { network, data, way, seed });
      outcomes.add({ data: data.name, labels, way: way.name, seed, ...outcome });
      console.error(`${name}, ${way.name}: ${outcome.macroF1.toFixed(3)} in ${outcome.seconds.toFixed(0)} s`);
    }
  } finally {
    project.close();
    await rm(project.folder, { recursive: true });
  }
}
