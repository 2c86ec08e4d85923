import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '../main/engine/graph/write.ts';
import type { Tensor } from '../main/engine/graph/types.ts';
import { buildCodesModel, pixelsInput } from '../main/engine/networks/codes-graph.ts';
import { type Network, openNetwork } from '../main/engine/networks/network.ts';
import { scalings } from '../main/engine/networks/preprocessing.ts';
import { createSession } from '../main/engine/runtime/session.ts';
import { importItems } from '../main/items/import.ts';
import { listViews } from '../main/items/views.ts';
import type { Progress } from '../main/contract/progress.ts';
import { createProject } from '../main/projects/project.ts';
import { batchSizeFor } from '../main/trainer/batch-size.ts';
import { createJobContext } from '../main/trainer/context.ts';
import { computeCodes, computingCodes } from '../main/trainer/jobs/codes.ts';
import { renderAhead } from '../main/trainer/render-ahead.ts';
import type { ViewOutput } from '../main/trainer/run-views.ts';
import { resNet18 } from './networks.ts';
import type { Figure } from './report.ts';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const mostItems = 400;
const size = 224;

/**
 * Codes per second of the whole job, JPEG decoding and rendering included, against the bare session on the same tensors. Both share
 * the cores: where decoding and rendering take d milliseconds of one of n cores, and the session r of all, arithmetic allows
 * r / (r + d / n).
 */
export async function benchCodes(): Promise<readonly Figure[] | string> {
  if (!existsSync(shared)) return 'real images and weights are not at hand';
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  try {
    const file = join(folder, 'resnet18.onnx');
    await writeFile(file, writeModel(resNet18(size)));
    const resNet = await openNetwork(file, { preprocessing: scalings.torch });
    const mobileNet = await openNetwork(join(shared, 'models/mobilenet-v1-1.0-224-trunk'), { size });
    const figures: Figure[] = [];
    for (const [source, options, name] of sources) {
      figures.push(...(await measure(folder, resNet, source, options, `ResNet-18-shaped, ${name}`, { atLeast: 0.85 })));
      figures.push(...(await measure(folder, mobileNet, source, options, `MobileNet, ${name}`)));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const sources = [
  ['data/bccd', { group: 'image' }, 'regions of 640×480 JPEGs'],
  ['data/imagenet-thumbs', {}, 'whole small JPEGs'],
] as const;

async function measure(
  folder: string,
  network: Network,
  source: string,
  options: { group?: string },
  name: string,
  goal?: NonNullable<Figure['goal']>,
): Promise<Figure[]> {
  const project = createProject(await mkdtemp(join(folder, 'project-')));
  try {
    await importItems(project, join(shared, source), options);
    const { images, keys } = listViews(project, ({ id }) => id <= mostItems);
    const point = network.freezePoints.at(-1)!;
    const batchSize = batchSizeFor(point.multiplyAddsBefore);

    // The two take turns, so that a machine that slows down slows both.
    const bareSession = await createSession(writeModel(buildCodesModel(network, [{ point, pooling: 'avg' }])));
    const batches: Tensor[] = [];
    for await (const { ids, pixels } of renderAhead(images, size, batchSize, fail)) {
      batches.push({ type: 'uint8', shape: [ids.length, size, size, 3], data: pixels });
    }
    let [whole, bare] = [Infinity, Infinity];
    for (let round = 0; round < 3; round++) {
      const start = performance.now();
      for (const batch of batches) await bareSession.run({ [pixelsInput]: batch });
      bare = Math.min(bare, performance.now() - start);
      let begun = 0;
      // Loading the network is not a rate: counted from where it is loaded, before anything is decoded.
      const onProgress = ({ step }: Progress): void => {
        if (step === computingCodes) begun ||= performance.now();
      };
      const context = createJobContext<ViewOutput>(new AbortController().signal, onProgress, ignore);
      await computeCodes(
        {
          network: network.path,
          preprocessing: network.preprocessing!,
          points: [point.name],
          pooling: 'avg',
          device: 'cpu',
          images,
          total: keys.size,
        },
        context,
      );
      whole = Math.min(whole, performance.now() - begun);
    }
    await bareSession.release();
    const rate = (milliseconds: number): number => (keys.size / milliseconds) * 1000;
    return [
      { name: `${name}: codes a second`, value: rate(whole), unit: '/s' },
      { name: `${name}: bare session on decoded tensors`, value: rate(bare), unit: '/s' },
      { name: `${name}: share of the bare session`, value: bare / whole, unit: '', ...(goal ? { goal } : {}) },
    ];
  } finally {
    project.close();
  }
}

function ignore(): void {
  // Codes have nobody to go to here.
}

function fail({ reason }: { reason: string }): void {
  throw new Error(reason);
}
