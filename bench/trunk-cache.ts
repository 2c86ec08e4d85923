import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultAugmentation } from '../main/contract/augmentation.ts';
import type { Model } from '../main/engine/graph/types.ts';
import { writeModel } from '../main/engine/graph/write.ts';
import type { FreezePoint } from '../main/engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../main/engine/networks/network.ts';
import { scalings } from '../main/engine/networks/preprocessing.ts';
import { tailCodes } from '../main/engine/networks/tail-graph.ts';
import { buildTrunkModel } from '../main/engine/networks/trunk-graph.ts';
import { createSession, type Session } from '../main/engine/runtime/session.ts';
import { adamw } from '../main/engine/training/optimizers.ts';
import { tailParameters } from '../main/engine/training/parameters.ts';
import { TrainingSession } from '../main/engine/training/training-session.ts';
import { importItems } from '../main/items/import.ts';
import { listViews } from '../main/items/views.ts';
import { createProject } from '../main/projects/project.ts';
import { openActivations } from '../main/trainer/activations/activations.ts';
import { cachedBatches } from '../main/trainer/batches/cached.ts';
import { shuffledOrder } from '../main/trainer/batches/order.ts';
import { openRenderedItems } from '../main/trainer/batches/rendered-items.ts';
import { renderedBatches } from '../main/trainer/batches/rendered.ts';
import type { BatchSource } from '../main/trainer/batches/source.ts';
import { createJobContext } from '../main/trainer/context.ts';
import { zeroHead } from '../main/trainer/fine-tuning/head.ts';
import { denseNet121, mobileNetV2 } from './networks.ts';
import { type Figure, quantile } from './report.ts';

const pretrained = fileURLToPath(new URL('../../shared/models/mobilenet-v1-1.0-224-trunk', import.meta.url));
const sample = fileURLToPath(new URL('../resources/sample/regions.csv', import.meta.url));
const size = 224;
const batchSize = 32;
const items = 256;
const views = 2;
const classCount = 4;
const rounds = 3;

/**
 * An epoch on the trunk's cache, and the same epoch without it: views rendered, shown to the frozen part, and the rest trained on
 * what it gives. Where the trained part has a share s of the multiply-adds and is gone through twice (forward, and backward by its
 * weights alone), arithmetic allows (1 + s) / (2 · s): 5.9 for MobileNet's last block, a tenth of it; rendering comes on top.
 * DenseNet's last layer has 0.3%.
 */
export async function benchTrunkCache(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  try {
    const mobileNet = existsSync(pretrained)
      ? await openNetwork(pretrained, { size })
      : await openRandom(folder, mobileNetV2(size));
    const denseNet = await openRandom(folder, denseNet121(size));
    const [last, end] = mobileNet.freezePoints.slice(-2);
    return [
      ...(await measure(folder, mobileNet, last, `${mobileNet.name}, last block trained`)),
      ...(await measure(folder, mobileNet, end, `${mobileNet.name}, classifier alone trained`)),
      ...(await measure(folder, denseNet, denseNet.freezePoints.at(-2)!, 'DenseNet-121-shaped, last block trained', {
        atLeast: 20,
      })),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function openRandom(folder: string, model: Model): Promise<Network> {
  const file = join(folder, `${model.graph.name}-random.onnx`);
  await writeFile(file, writeModel(model));
  return openNetwork(file, { preprocessing: scalings.torch });
}

async function measure(
  folder: string,
  network: Network,
  point: FreezePoint,
  name: string,
  goal?: NonNullable<Figure['goal']>,
): Promise<Figure[]> {
  const project = createProject(await mkdtemp(join(folder, 'project-')));
  const context = createJobContext<never>(new AbortController().signal, ignore, ignore);
  const releases: (() => unknown)[] = [() => project.close()];
  try {
    await importItems(project, sample, {});
    const { images, keys } = listViews(project, ({ id }) => id <= items);
    const ids = [...keys.keys()];
    const common = { images, augmentation: defaultAugmentation, seed: 0 };
    const activations = await openActivations(
      {
        ...common,
        cacheFolder: project.cacheFolder,
        network,
        networkHash: '',
        point,
        device: 'cpu',
        viewKeys: keys,
        varied: new Set(ids),
        views,
      },
      context,
    );
    releases.push(() => activations.close());
    const rendered = await openRenderedItems({ ...common, size }, context);
    releases.push(() => rendered.close());
    const trunk = await createSession(writeModel(buildTrunkModel(network, point)));
    releases.push(() => trunk.release());
    const session = await TrainingSession.create(requestFor(network, point), { device: 'cpu', smoothing: 0 });
    releases.push(() => session.release());

    const order = shuffledOrder({ ids, batchSize, views, seed: 0 });
    const cached = cachedBatches(activations, ids, order);
    const pixels = renderedBatches(rendered, ids, order);
    const [withCache, without]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      withCache.push(await epochOf(cached, session, round));
      without.push(await epochOf(pixels, session, round, trunk));
    }
    const shown = order.steps * batchSize;
    const rate = (times: number[]): number => (shown / quantile(times)) * 1000;
    return [
      { name: `${name}: on the cache`, value: rate(withCache), unit: 'images/s' },
      { name: `${name}: without the cache`, value: rate(without), unit: 'images/s' },
      {
        name: `${name}: how many times as fast`,
        value: rate(withCache) / rate(without),
        unit: '×',
        ...(goal ? { goal } : {}),
      },
    ];
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

function requestFor(network: Network, freeze: FreezePoint): Parameters<typeof TrainingSession.create>[0] {
  return {
    network,
    freeze,
    parameters: tailParameters(network, freeze, { pretrainedRate: 0.1, rateFall: 2.6 }),
    head: zeroHead(tailCodes(network).length, classCount),
    classCount,
    batch: batchSize,
    normalisation: 'running',
    freshStatistics: false,
    optimizer: adamw,
    weightDecay: 0.01,
    towardPretrained: 0,
    clip: 1,
  };
}

/** Milliseconds that an epoch takes. @param trunk what turns the source's pixels into activations, where they are not that yet */
async function epochOf(source: BatchSource, session: TrainingSession, epoch: number, trunk?: Session): Promise<number> {
  const start = performance.now();
  let step = 0;
  for await (const { rows, data } of source.epoch(epoch)) {
    const shape = [rows.length, ...source.shape];
    const classes = rows.map((row) => row % classCount);
    if (trunk) {
      const values = await trunk.run({ [trunk.inputNames[0]]: { type: 'uint8', shape, data: data as Uint8Array } });
      await session.step({ input: values[trunk.outputNames[0]], classes }, ++step, 1e-3);
    } else {
      await session.step({ input: { type: 'float32', shape, data: data }, classes }, ++step, 1e-3);
    }
  }
  return performance.now() - start;
}

function ignore(): void {
  // Progress has nobody to go to here.
}
