import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EpochMetrics } from '../main/contract/fine-tuning.ts';
import { writeModel } from '../main/engine/graph/write.ts';
import { calibrateEstimates, estimate } from '../main/estimates/estimate.ts';
import { importItems } from '../main/items/import.ts';
import { type AddOptions, addNetwork } from '../main/networks/library.ts';
import { useNetwork } from '../main/networks/project-network.ts';
import { createProject, type Project } from '../main/projects/project.ts';
import { createStudio } from '../main/studio.ts';
import type { Studio } from '../main/studio-parts.ts';
import { forkTrainer } from '../main/trainer/fork.ts';
import { fineTune } from '../main/training/fine-tune.ts';
import { fineTuningOf } from '../main/training/fine-tuning-defaults.ts';
import { resNet18 } from './networks.ts';
import { type Figure, quantile } from './report.ts';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const epochs = 3;
const views = 4;
/** Where to freeze, as shares of all freeze points: nothing, and further and further on. */
const places = [0, 0.25, 0.5, 0.75, 0.9];
/** Sides that make an epoch long enough to be timed, and a run short enough. */
const residualSize = 128;

/**
 * How far estimates of a fine-tuning are from what the run then takes: 400 white blood cells, every network at several freeze
 * points, measured anew before each run, so that a machine whose speed changes is judged by what it was then.
 */
export async function benchEstimates(): Promise<readonly Figure[] | string> {
  if (!existsSync(shared)) return 'real images and weights are not at hand';
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  const studio = createStudio(forkTrainer, { dataFolder: join(folder, 'data') });
  const project = createProject(join(folder, 'cells'));
  try {
    await importItems(project, join(shared, 'data/wbc/labels.csv'), {
      group: 'column',
      images: join(shared, 'data/wbc'),
    });
    const residual = join(folder, 'resnet18.onnx');
    await writeFile(residual, writeModel(resNet18(residualSize)));
    const networks: readonly [string, string, number, AddOptions][] = [
      ['MobileNet v1 0.25', join(shared, 'models/mobilenet-v1-0.25-224'), 224, {}],
      ['MobileNet v1 1.0', join(shared, 'models/mobilenet-v1-1.0-224-trunk'), 160, {}],
      ['ResNet-18-shaped', residual, residualSize, { scaling: 'torch' }],
    ];
    const figures: Figure[] = [];
    for (const [name, path, size, options] of networks)
      figures.push(...(await compare(studio, project, { name, path, size, options })));
    return figures;
  } finally {
    project.close();
    studio.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Compared {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly options: AddOptions;
}

async function compare(studio: Studio, project: Project, { name, path, size, options }: Compared): Promise<Figure[]> {
  const { info } = await addNetwork(studio.libraryFolder, studio.trainer, path, options);
  const network = await useNetwork(studio, project, info.name);
  const figures: Figure[] = [];
  const errors: number[] = [];
  let fullMemory = 0;
  for (const place of places) {
    const stop = Math.round(place * info.freezePoints.length);
    const freeze = stop === 0 ? null : info.freezePoints[stop - 1].name;
    const choice = { epochs, views, batchSize: 32, headStart: 'zero', patience: null } as const;
    const request = { network, choice, size, device: 'cpu' } as const;
    const began = performance.now();
    await calibrateEstimates(studio, project, request);
    const calibrating = (performance.now() - began) / 1000;
    const { items, stops } = await estimate(project, request);
    const expected = stops[stop];
    const taken = await run(studio, project, network, {
      size,
      settings: fineTuningOf(info, items.train, { ...choice, freeze }),
    });
    const where = `${name}, ${size} px, frozen to ${freeze ?? 'nothing'}`;
    const epoch = expected.epochSeconds! / taken.epoch;
    errors.push(Math.abs(epoch - 1));
    figures.push({ name: `${where}: an epoch took`, value: taken.epoch, unit: 's' });
    figures.push({ name: `${where}: estimate against that`, value: epoch, unit: 'times' });
    if (freeze !== null)
      figures.push({
        name: `${where}: once, estimate against what it took`,
        value: expected.onceSeconds! / taken.once,
        unit: 'times',
      });
    if (stop === 0) {
      figures.push({ name: `${name}: measuring took`, value: calibrating, unit: 's' });
      fullMemory = expected.memory! / 1e6;
    }
  }
  figures.push({ name: `${name}: memory of a step, everything trained, as estimated`, value: fullMemory, unit: 'MB' });
  figures.push({ name: `${name}: median error of an epoch`, value: 100 * quantile(errors), unit: '%' });
  figures.push({
    name: `${name}: largest error of an epoch`,
    value: 100 * Math.max(...errors),
    unit: '%',
    goal: { atMost: 30 },
  });
  return figures;
}

/** Seconds of an epoch (the median), and of the activations before the first. */
async function run(
  studio: Studio,
  project: Project,
  network: Parameters<typeof fineTune>[2]['network'],
  { size, settings }: Pick<Parameters<typeof fineTune>[2], 'settings'> & { readonly size: number },
): Promise<{ epoch: number; once: number }> {
  const ends: number[] = [];
  let [from, to] = [0, 0];
  const onProgress = ({ step, done }: { readonly step: string; readonly done: number }): void => {
    if (step !== 'Computing activations') return;
    if (done === 0) from = performance.now();
    to = performance.now();
  };
  const onEpoch = ({ seconds }: EpochMetrics): void => void ends.push(seconds);
  await fineTune(studio, project, { network, settings, size, seed: 0, device: 'cpu' }, { onProgress, onEpoch });
  const epochsTaken = ends.slice(1).map((end, at) => end - ends[at]);
  // Measured anew for every run: what is stored is no part of the next.
  await rm(join(project.cacheFolder, 'activations'), { recursive: true, force: true });
  return { epoch: quantile(epochsTaken), once: (to - from) / 1000 };
}
