/**
 * `npm run starter:gates`: whether the starter is worth its place. Linear classifiers on its codes are held against those on
 * the codes of its teacher, on those of the same network untrained, and on plain pixels; fine-tuning from it against training from nothing.
 * Results are kept in `bench-results/starter.json` as they come; the tables go to the standard output, for the model card.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultProbeSettings } from '../../main/contract/probes.ts';
import { importItems } from '../../main/items/import.ts';
import { copyNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { probeNetwork } from '../../main/probing/probe.ts';
import { createProject, type Project } from '../../main/projects/project.ts';
import { createStudio } from '../../main/studio.ts';
import { forkTrainer } from '../../main/trainer/fork.ts';
import { machine } from '../machine.ts';
import { drawParts, shared } from '../study/datasets.ts';
import { KeptResults } from '../study/kept.ts';
import { tryWay } from '../study/ways.ts';
import { contenders, type Contenders, fingerprint } from './networks.ts';
import { type Figure, fineTuningTable, probeTable } from './tables.ts';
import {
  fineTuningSeeds,
  type FineTuningTask,
  fineTuningTasks,
  type ProbeTask,
  probeTasks,
  smearFields,
} from './tasks.ts';

if (!existsSync(shared)) {
  console.error('The real images and weights that are measured with are not at hand.');
  process.exit(1);
}
const inits = ['starter', 'random'] as const;
const kept = new KeptResults<Figure>('starter');
const work = await mkdtemp(join(tmpdir(), 'parfocal-gates-'));
const studio = createStudio(forkTrainer, { dataFolder: join(work, 'data') });
try {
  const networks = await contenders(studio, work);
  const file = await fingerprint(networks.starter);
  const smears = await smearFields(work);
  for (const task of probeTasks(smears)) for (const seed of task.seeds) await probe(task, seed, networks, file);
  console.log(`${probeTable(kept.all, file)}\n`);
  const tasks = fineTuningTasks(smears);
  for (const seed of fineTuningSeeds) for (const task of tasks) await tune(task, seed, networks, file);
  console.log(`${fineTuningTable(kept.all, file)}\n\n${machine}`);
} finally {
  studio.close();
  await rm(work, { recursive: true });
}

/** Every contender at all its freeze points, on the same items and folds. */
async function probe(task: ProbeTask, seed: number, networks: Contenders, file: string): Promise<void> {
  const settings = { ...defaultProbeSettings, folds: task.folds, items: 100_000, seed };
  const missing = Object.entries(networks as unknown as Record<string, StoredNetwork>).filter(
    ([contender]) => !isKept({ kind: 'probe', task: task.name, seed, contender }, file),
  );
  if (missing.length === 0) return;
  // A probe leaves out what is set aside for a test: here nothing is.
  const rows = task.draw(seed).map(({ image, label, group }) => `${image},${label},${group},train`);
  await inProject(['image,label,group,split', ...rows], async (project) => {
    for (const [contender, network] of missing) {
      const own = await copyNetwork(network, project.networksFolder);
      const { report } = await probeNetwork(studio, project, { network: own, settings, device: 'cpu' });
      const points = report.points.map(({ name, probe: one }) => ({ name, score: one!.macroF1.value! }));
      const best = points.reduce((top, one) => (one.score > top.score ? one : top));
      kept.add({ kind: 'probe', file, task: task.name, seed, contender, point: best.name, score: best.score });
      console.error(
        `${task.name} ${seed}, ${contender}: ${points.map((one) => `${one.name} ${one.score.toFixed(3)}`).join(', ')}`,
      );
    }
  });
}

/** Fine-tuning of everything, from the starter and from random weights, on the same items. */
async function tune(
  { data, perClass }: FineTuningTask,
  seed: number,
  { starter }: Contenders,
  file: string,
): Promise<void> {
  const task = `${data.name}, ${perClass} a class`;
  const missing = inits.filter((contender) => !isKept({ kind: 'fine-tuning', task, seed, contender }, file));
  if (missing.length === 0) return;
  const rows = drawParts(data, perClass, seed).map(({ image, label, part }) => `${image},${label},${image},${part}`);
  await inProject(['image,label,group,split', ...rows], async (project) => {
    const network = await copyNetwork(starter, project.networksFolder);
    for (const contender of missing) {
      const way = { name: contender, choice: { freeze: null, ...(contender === 'random' ? { init: contender } : {}) } };
      const { macroF1, seconds } = await tryWay(studio, project, { network, data, way, seed });
      kept.add({ kind: 'fine-tuning', file, task, seed, contender, score: macroF1 });
      console.error(`${task} ${seed}, from ${contender}: ${macroF1.toFixed(3)} in ${seconds.toFixed(0)} s`);
    }
  });
}

/** A project of the rows of a table, for as long as the work takes. */
async function inProject(rows: readonly string[], use: (project: Project) => Promise<void>): Promise<void> {
  const csv = join(work, 'items.csv');
  await writeFile(csv, rows.join('\n'));
  const project = createProject(join(work, 'task'));
  try {
    await importItems(project, csv, { group: 'column' });
    await use(project);
  } finally {
    project.close();
    await rm(project.folder, { recursive: true });
  }
}

function isKept(wanted: Omit<Figure, 'file' | 'score' | 'point'>, file: string): boolean {
  return kept.all.some(
    (one) =>
      one.file === file &&
      one.kind === wanted.kind &&
      one.task === wanted.task &&
      one.seed === wanted.seed &&
      one.contender === wanted.contender,
  );
}
