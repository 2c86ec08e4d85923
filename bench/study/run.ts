/**
 * `npm run study [DATASET…]`: what each way to train is worth, with few labels and with all, over five seeds. Results are kept in
 * `bench-results/study.json` as they come, so that it can be stopped and started again; the table goes to `docs/fine-tuning-study.md`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FineTuningChoice } from '../../main/training/fine-tuning-defaults.ts';
import { fineTuningOf } from '../../main/training/fine-tuning-defaults.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import { createProject, type Project } from '../../main/projects/project.ts';
import { createStudio, type RunningStudio } from '../../main/studio.ts';
import { fineTune } from '../../main/training/fine-tune.ts';
import { trainLinear } from '../../main/training/train-linear.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { defaultAugmentation } from '../../main/contract/augmentation.ts';
import { currentSplit } from '../../main/evaluation/project-split.ts';
import { importItems } from '../../main/items/import.ts';
import { cifar, type DataSet, drawParts, shared, whiteCells } from './datasets.ts';
import { studyTable } from './table.ts';

/** One way to train. */
interface Way {
  readonly name: string;
  /** Undefined: a softmax classifier on the codes. */
  readonly choice: FineTuningChoice | undefined;
}

export interface Outcome {
  readonly data: string;
  readonly labels: string;
  readonly way: string;
  readonly seed: number;
  readonly macroF1: number;
  readonly accuracy: number;
  /** Training alone, the activations and the measuring left out; of no meaning for a linear classifier. */
  readonly seconds: number;
  readonly epochs: number;
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

const folder = join(import.meta.dirname, '../../bench-results');
const file = join(folder, 'study.json');
const outcomes: Outcome[] = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcome[]) : [];
mkdirSync(folder, { recursive: true });

if (!existsSync(shared)) {
  console.error('The real images and weights that are trained on are not at hand.');
  process.exit(1);
}
const wanted = process.argv.slice(2);
const work = await mkdtemp(join(tmpdir(), 'parfocal-study-'));
const studio = createStudio(forkTrainer, join(work, 'data'));
try {
  await addNetwork(studio.libraryFolder, studio.trainer, join(shared, 'models', networkName));
  for (const data of [whiteCells(), cifar()].filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
    for (const labels of perClass) for (const seed of seeds) await tryAll(studio, data, labels, seed);
} finally {
  studio.close();
  await rm(work, { recursive: true });
}
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`;
const table = studyTable(
  outcomes,
  ways.map(({ name }) => name),
  machine,
  networkName,
);
writeFileSync(join(import.meta.dirname, '../../docs/fine-tuning-study.md'), table);
console.log(table);

async function tryAll(studio: RunningStudio, data: DataSet, count: number | undefined, seed: number): Promise<void> {
  const labels = count === undefined ? 'all' : `${count} a class`;
  const isDone = (way: Way): boolean =>
    outcomes.some(
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
      const outcome = await tryOne(studio, project, network, data, way, seed);
      outcomes.push({ data: data.name, labels, way: way.name, seed, ...outcome });
      writeFileSync(file, JSON.stringify(outcomes, undefined, 1));
      console.error(`${name}, ${way.name}: ${outcome.macroF1.toFixed(3)} in ${outcome.seconds.toFixed(0)} s`);
    }
  } finally {
    project.close();
    await rm(project.folder, { recursive: true });
  }
}

async function tryOne(
  studio: RunningStudio,
  project: Project,
  network: StoredNetwork,
  { size, symmetric }: DataSet,
  { choice }: Way,
  seed: number,
): Promise<Pick<Outcome, 'macroF1' | 'accuracy' | 'seconds' | 'epochs'>> {
  const recipe = { network, size, seed, device: 'cpu' } as const;
  const start = performance.now();
  const point = network.info.freezePoints.at(-1)!;
  const augmentation = { ...defaultAugmentation, symmetries: symmetric };
  const { run } = choice
    ? await fineTune(studio, project, {
        ...recipe,
        settings: fineTuningOf(network.info, currentSplit(project).counts.train, { ...choice, augmentation }),
      })
    : await trainLinear(studio, project, { ...recipe, point, method: 'softmax', pooling: 'avg' });
  const { macroF1, accuracy } = run.result.test!;
  return {
    macroF1: macroF1.value!,
    accuracy: accuracy.value!,
    seconds: run.result.fineTuning?.seconds ?? (performance.now() - start) / 1000,
    epochs: run.result.fineTuning?.epochs ?? 0,
  };
}
