/**
 * `npm run advice-check [CELL…]`: whether the advised plan does as well as the best of the plans tried, on data sets of different
 * size and similarity. Results are kept in `bench-results/advice.json` as they come, so that it can be stopped and started again;
 * the document, with the rules themselves, goes to `docs/advisor.md`.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { advise } from '../../main/advisor/advise.ts';
import { measureForAdvice } from '../../main/advisor/measure.ts';
import type { Plan, Similarity } from '../../main/contract/advice.ts';
import { defaultProbeSettings } from '../../main/contract/probes.ts';
import type { TrainSettings } from '../../main/contract/training.ts';
import { variations } from '../../main/contract/variations.ts';
import { importItems } from '../../main/items/import.ts';
import { addNetwork } from '../../main/networks/library.ts';
import { useNetwork } from '../../main/networks/project-network.ts';
import { createProject, type Project } from '../../main/projects/project.ts';
import { createStudio, type RunningStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { trainAs } from '../../main/training/train.ts';
import { machine } from '../machine.ts';
import { adviceDocument } from './advice-table.ts';
import { bloodCells, cifar, type DataSet, drawParts, photographs, shared, tableOf, whiteCells } from './datasets.ts';
import { KeptResults } from './kept.ts';

/** A data set with so many labels of each class. */
interface Cell {
  readonly name: string;
  readonly data: () => DataSet;
  /** To learn and to choose from; all when absent. */
  readonly perClass?: number;
  /** How many draws of labels. */
  readonly seeds: number;
}

/** What one seed of a cell came to. */
export interface Checked {
  readonly cell: string;
  readonly seed: number;
  readonly typical: number;
  readonly scenario: string;
  readonly similarity: Pick<Similarity, 'probes' | 'shift' | 'turning'>;
  /** The advised plan, in short. */
  readonly plan: string;
  /** Macro-F1 on the test items, and seconds of the whole training, by plan. */
  readonly scores: Readonly<Record<string, { readonly macroF1: number; readonly seconds: number }>>;
}

/** More draws of the data sets whose scores spread most. */
const cells: readonly Cell[] = [
  { name: 'wbc, 10 a class', data: whiteCells, perClass: 10, seeds: 5 },
  { name: 'wbc, all', data: whiteCells, seeds: 5 },
  { name: 'bccd, 10 a class', data: bloodCells, perClass: 10, seeds: 3 },
  { name: 'bccd, 200 a class', data: bloodCells, perClass: 200, seeds: 3 },
  { name: 'imagenet kinds, all', data: photographs, seeds: 5 },
  { name: 'cifar10, 10 a class', data: cifar, perClass: 10, seeds: 3 },
  { name: 'cifar10, 40 a class', data: cifar, perClass: 40, seeds: 3 },
  { name: 'cifar10, all', data: cifar, seeds: 3 },
];
const networkName = 'mobilenet-v1-0.25-224';

if (!existsSync(shared)) {
  console.error('The real images and weights that are trained on are not at hand.');
  process.exit(1);
}
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !cells.some((cell) => cell.name === name));
if (unknown !== undefined) {
  console.error(`There is no cell ${unknown}. There are: ${cells.map(({ name }) => name).join('; ')}.`);
  process.exit(2);
}
const kept = new KeptResults<Checked>('advice');
const work = await mkdtemp(join(tmpdir(), 'parfocal-advice-'));
const studio = createStudio(forkTrainer, { dataFolder: join(work, 'data') });
try {
  await addNetwork(studio.libraryFolder, studio.trainer, join(shared, 'models', networkName));
  const chosen = cells.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  // A draw of every data set before the next of any: what is there when it is stopped tells something of all.
  for (let seed = 0; seed < Math.max(...chosen.map(({ seeds }) => seeds)); seed++)
    for (const cell of chosen.filter(({ seeds }) => seed < seeds))
      if (!kept.all.some((one) => one.cell === cell.name && one.seed === seed))
        kept.add(await check(studio, cell, seed));
} finally {
  studio.close();
  await rm(work, { recursive: true });
}
const document = adviceDocument(
  kept.all,
  cells.map(({ name }) => name),
  networkName,
  machine,
);
writeFileSync(join(import.meta.dirname, '../../docs/advisor.md'), document);
console.log(document);

async function check(studio: RunningStudio, { name, data: load, perClass }: Cell, seed: number): Promise<Checked> {
  const data = load();
  const csv = join(work, 'items.csv');
  await writeFile(csv, tableOf(drawParts(data, perClass, seed)));
  const project = createProject(join(work, `project-${seed}`));
  try {
    await importItems(project, csv, {});
    const network = await useNetwork(studio, project, networkName);
    const settings = { ...defaultProbeSettings, size: data.size, seed };
    await measureForAdvice(studio, project, { network, settings, device: 'cpu' });
    const { plan, quadrant, similarity, size } = await advise(project, {
      network,
      named: true,
      settings,
      device: 'cpu',
    });
    const { probes, shift, turning } = similarity;
    const scores = await tryAll(studio, project, { plan: plan!, probed: probes!.smoothed.name, data, seed });
    const told = Object.entries(scores).map(([way, { macroF1 }]) => `${way} ${macroF1.toFixed(3)}`);
    console.error(`${name}, seed ${seed}: ${told.join(', ')}`);
    return {
      cell: name,
      seed,
      typical: size.typical,
      scenario: quadrant.scenario!,
      similarity: { probes, shift, turning },
      plan: inShort(plan!),
      scores,
    };
  } finally {
    project.close();
    await rm(project.folder, { recursive: true });
  }
}

/** The advised plan among others that a person might try, each trained once. */
async function tryAll(
  studio: RunningStudio,
  project: Project,
  { plan, probed, data, seed }: { plan: Plan; probed: string; data: DataSet; seed: number },
): Promise<Checked['scores']> {
  const common = { size: data.size, seed, device: 'cpu' } as const;
  const linear = (point: string, method: 'softmax' | 'svm' = 'softmax'): TrainSettings => ({
    ...common,
    method,
    point,
    pooling: 'avg',
  });
  const tuned = (freeze: string | null): TrainSettings => ({
    ...common,
    method: 'fine-tune',
    choice: { freeze, ...(data.symmetric ? {} : { augmentation: variations.upright }) },
  });
  const ways: Readonly<Record<string, TrainSettings>> = {
    'softmax, last': linear('conv_pw_13'),
    'softmax, probed': linear(probed),
    'SVM, probed': linear(probed, 'svm'),
    'LP-FT, late': tuned('conv_pw_11'),
    'LP-FT, middle': tuned('conv_pw_7'),
    'LP-FT, all': tuned(null),
    advised: plan.settings,
  };
  const network = await useNetwork(studio, project, networkName);
  const scores: Record<string, { macroF1: number; seconds: number }> = {};
  for (const [way, settings] of Object.entries(ways)) {
    const same = Object.keys(scores).find((other) => isDeepStrictEqual(ways[other], settings));
    if (same === undefined) {
      const start = performance.now();
      const { run } = await trainAs(studio, project, network, settings);
      scores[way] = { macroF1: run.result.test!.macroF1.value!, seconds: (performance.now() - start) / 1000 };
    } else scores[way] = scores[same];
  }
  return scores;
}

function inShort({ settings }: Plan): string {
  if (settings.method !== 'fine-tune') return `${settings.method} at ${settings.point}`;
  const turned = settings.choice.augmentation?.symmetries === 'none' ? 'not turned' : 'turned';
  const { freeze } = settings.choice;
  return `LP-FT, ${freeze ? `after ${freeze}` : 'all'}, ${turned}`;
}
