import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '../main/engine/graph/write.ts';
import type { Tensor } from '../main/engine/graph/types.ts';
import { buildCodesModel, pixelsInput } from '../main/engine/networks/codes-graph.ts';
import { openNetwork } from '../main/engine/networks/network.ts';
import { createSession } from '../main/engine/runtime/session.ts';
import { importItems } from '../main/items/import.ts';
import { listViews } from '../main/items/views.ts';
import { createProject } from '../main/projects/project.ts';
import { batchSizeFor } from '../main/trainer/batch-size.ts';
import { createJobContext } from '../main/trainer/context.ts';
import { computeCodes } from '../main/trainer/jobs/codes.ts';
import { renderAhead } from '../main/trainer/render-ahead.ts';
import type { ViewOutput } from '../main/trainer/run-views.ts';
import type { Figure } from './report.ts';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const mostItems = 400;

/** Codes per second of whole job, JPEG decoding and rendering included, against the bare session on the same tensors. */
export async function benchCodes(): Promise<readonly Figure[] | string> {
  if (!existsSync(shared)) return 'real images and weights are not at hand';
  const regions = await measure('data/bccd', { group: 'image' }, 224);
  const whole = await measure('data/imagenet-thumbs', {}, 224);
  const figures = (name: string, { rate, bare }: Rates): Figure[] => [
    { name: `${name}: codes a second`, value: rate, unit: '/s' },
    { name: `${name}: bare session on decoded tensors`, value: bare, unit: '/s' },
    { name: `${name}: share of the bare session`, value: rate / bare, unit: '', goal: { atLeast: 0.85 } },
  ];
  return [...figures('regions of 640×480 JPEGs at 224 px', regions), ...figures('whole small JPEGs at 224 px', whole)];
}

interface Rates {
  readonly rate: number;
  readonly bare: number;
}

async function measure(source: string, options: { group?: string }, size: number): Promise<Rates> {
  const folder = await mkdtemp(join(tmpdir(), 'parfocal-bench-'));
  const project = createProject(join(folder, 'bench'));
  try {
    await importItems(project, join(shared, source), options);
    const { images, keys } = listViews(project, ({ id }) => id <= mostItems);
    const path = join(shared, 'models/mobilenet-v1-1.0-224-trunk');
    const network = await openNetwork(path, { size });
    const { preprocessing } = network;
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
      let start = performance.now();
      for (const batch of batches) await bareSession.run({ [pixelsInput]: batch });
      bare = Math.min(bare, performance.now() - start);
      let first = 0;
      start = performance.now();
      const context = createJobContext<ViewOutput>(
        new AbortController().signal,
        ignore,
        () => (first ||= performance.now()),
      );
      await computeCodes(
        {
          network: path,
          preprocessing: preprocessing!,
          points: [point.name],
          pooling: 'avg',
          device: 'cpu',
          images,
          total: keys.size,
        },
        context,
      );
      // Loading the network is not a rate: counted from the first answer, which is a batch.
      whole = Math.min(whole, ((performance.now() - first) * keys.size) / (keys.size - batchSize));
    }
    await bareSession.release();
    return { rate: (keys.size / whole) * 1000, bare: (keys.size / bare) * 1000 };
  } finally {
    project.close();
    await rm(folder, { recursive: true });
  }
}

function ignore(): void {
  // Progress has nobody to go to here.
}

function fail({ reason }: { reason: string }): void {
  throw new Error(reason);
}
