import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AugmentationSettings, defaultAugmentation, noAugmentation } from '../../main/contract/augmentation.ts';
import { CancelledError } from '../../main/contract/errors.ts';
import type { Progress } from '../../main/contract/progress.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { findFreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { buildTrunkModel } from '../../main/engine/networks/trunk-graph.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import {
  type Activations,
  type ActivationsRequest,
  openActivations,
} from '../../main/trainer/activations/activations.ts';
import { type ActivationsDemand, checkFree, estimateActivations } from '../../main/trainer/activations/limit.ts';
import { cachedBatches } from '../../main/trainer/batches/cached.ts';
import { drawAugmentation } from '../../main/trainer/batches/draw-augmentation.ts';
import { listOrder, shuffledOrder } from '../../main/trainer/batches/order.ts';
import type { Batch, BatchSource } from '../../main/trainer/batches/source.ts';
import { createJobContext } from '../../main/trainer/context.ts';
import { render } from '../../main/trainer/render.ts';
import type { ViewedImage } from '../../main/trainer/views.ts';
import { noisePng, tinyNetwork, workshop } from '../support/core.ts';

const work = workshop();
const size = 32;
let network: Network;
/** Four images with three items each. */
let images: ViewedImage[];
const ids = Array.from({ length: 12 }, (_, at) => at);

beforeAll(async () => {
  const file = work.write('tiny.onnx', tinyNetwork());
  network = await openNetwork(file, { size, preprocessing: scalings.unit });
  images = [];
  for (let at = 0; at < 4; at++) {
    const path = work.write(`image${at}.png`, await noisePng(at + 1, { width: 90, height: 70 }));
    const views = [0, 1, 2].map((item) => ({
      id: at * 3 + item,
      box: { x: 5 + item * 25, y: 10, width: 20, height: 30 },
      margin: 0,
    }));
    images.push({ path, page: 0, views });
  }
});

const symmetries: AugmentationSettings = { ...noAugmentation, symmetries: 'all' };

let folders = 0;
const newFolder = (): string => work.path(`cache${folders++}`);

function requestFor(cacheFolder: string, changes: Partial<ActivationsRequest> = {}): ActivationsRequest {
  return {
    cacheFolder,
    network,
    networkHash: 'a'.repeat(64),
    point: network.freezePoints[0],
    device: 'cpu',
    images,
    viewKeys: new Map(ids.map((id) => [id, `view ${id}`])),
    varied: new Set(ids.slice(0, 8)),
    augmentation: symmetries,
    views: 3,
    seed: 1,
    ...changes,
  };
}

/** Opens, and counts the views that were computed. */
async function open(request: ActivationsRequest): Promise<{ activations: Activations; computed: number }> {
  const progress: Progress[] = [];
  const context = createJobContext(
    new AbortController().signal,
    (one) => progress.push(one),
    () => undefined,
  );
  const activations = await openActivations(request, context);
  const last = progress.findLast(({ step }) => step === 'Computing activations');
  return { activations, computed: last?.done ?? 0 };
}

/** Opens, counts, and closes again. */
async function computedBy(request: ActivationsRequest): Promise<number> {
  const { activations, computed } = await open(request);
  await activations.close();
  return computed;
}

async function rowOf(activations: Activations, id: number, view = 0): Promise<Float16Array> {
  const row = new Float16Array(activations.shape.reduce((product, side) => product * side, 1));
  await activations.read(Int32Array.of(activations.rowOf(id, view)), row);
  return row;
}

/** What the trunk gives for one view, in single precision, computed alone. */
async function computedAlone(id: number, view: number, settings = symmetries): Promise<Float32Array> {
  const image = images.find(({ views }) => views.some((one) => one.id === id))!;
  const augmentation = drawAugmentation(settings, 1, id, view);
  const plain = image.views.find((one) => one.id === id)!;
  const rendered = await render({ ...image, views: [{ ...plain, ...(augmentation ? { augmentation } : {}) }] }, size);
  const session = await createSession(writeModel(buildTrunkModel(network, network.freezePoints[0])));
  const data = rendered.views[0].pixels;
  const values = await session.run({ pixels: { type: 'uint8', shape: [1, size, size, 3], data } });
  await session.release();
  return values[session.outputNames[0]].data as Float32Array;
}

const storeFolder = (cache: string): string => {
  const [only, ...others] = readdirSync(join(cache, 'activations'));
  expect(others).toEqual([]);
  return join(cache, 'activations', only);
};

describe('activations', () => {
  test('are those of the trunk, rounded to half precision, for every view of every item', async () => {
    const { activations, computed } = await open(requestFor(newFolder()));
    expect(computed).toBe(8 * 3 + 4);
    expect(activations).toMatchObject({ shape: network.freezePoints[0].shape, views: 3, failures: [], notes: [] });
    for (const [id, view] of [
      [0, 0],
      [0, 2],
      [7, 1],
      [11, 0],
    ]) {
      const expected = await computedAlone(id, view);
      expect(await rowOf(activations, id, view)).toEqual(new Float16Array(expected));
      const stored = await rowOf(activations, id, view);
      for (const [at, value] of expected.entries())
        expect(Math.abs(stored[at] - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -11 + 2 ** -25);
    }
    await activations.close();
  });

  test('beyond half precision are clamped to it', async () => {
    const preprocessing = { ...scalings.raw, deviation: [1e-6, 1e-6, 1e-6] as [number, number, number] };
    const large = await openNetwork(network.path, { size, preprocessing });
    const { activations } = await open(requestFor(newFolder(), { network: large, point: large.freezePoints[0] }));
    const row = await rowOf(activations, 0);
    expect(Math.max(...row)).toBe(65504);
    await activations.close();
  });

  test('are computed once: a second run finds them, whatever its seed for other things', async () => {
    const cache = newFolder();
    expect(await computedBy(requestFor(cache))).toBe(28);
    const before = readFileSync(join(storeFolder(cache), 'rows.f16'));
    const { activations, computed } = await open(requestFor(cache));
    expect(computed).toBe(0);
    expect(activations.device).toBeUndefined();
    expect(await rowOf(activations, 7, 1)).toEqual(new Float16Array(await computedAlone(7, 1)));
    await activations.close();
    expect(readFileSync(join(storeFolder(cache), 'rows.f16'))).toEqual(before);
  });

  test('of new items, of more views and of changed pixels alone are added', async () => {
    const cache = newFolder();
    expect(await computedBy(requestFor(cache, { images: images.slice(0, 3) }))).toBe(8 * 3 + 1);
    expect(await computedBy(requestFor(cache))).toBe(3);
    expect(await computedBy(requestFor(cache, { views: 5 }))).toBe(8 * 2);
    const viewKeys = new Map([...requestFor(cache).viewKeys, [3, 'another crop']]);
    expect(await computedBy(requestFor(cache, { viewKeys }))).toBe(3);
    expect(await computedBy(requestFor(cache, { views: 5 }))).toBe(0);
  });

  test('of other settings share the items as they are', async () => {
    const cache = newFolder();
    await computedBy(requestFor(cache));
    expect(await computedBy(requestFor(cache, { augmentation: defaultAugmentation }))).toBe(8 * 2);
    expect(await computedBy(requestFor(cache))).toBe(0);
  });

  test('of views that do not differ are kept once', async () => {
    const { activations, computed } = await open(requestFor(newFolder(), { augmentation: noAugmentation }));
    expect([activations.views, computed]).toEqual([1, 12]);
    await activations.close();
  });

  test('do not depend on what else is computed with them, to the bit', async () => {
    const cache = newFolder();
    await computedBy(requestFor(cache, { images: images.slice(2).toReversed() }));
    const grown = await open(requestFor(cache));
    const fresh = await open(requestFor(newFolder()));
    for (const id of ids) expect(await rowOf(grown.activations, id)).toEqual(await rowOf(fresh.activations, id));
    await grown.activations.close();
    await fresh.activations.close();
  });

  test('of items that cannot be read are left out, with the reason', async () => {
    const broken = work.write('broken.png', readFileSync(images[1].path).subarray(0, 600));
    const { activations, computed } = await open(
      requestFor(newFolder(), { images: [images[0], { ...images[1], path: broken }, ...images.slice(2)] }),
    );
    expect(computed).toBe(28);
    expect(activations.failures.map(({ id }) => id).sort()).toEqual([3, 4, 5]);
    expect(activations.failures[0].reason).toContain('broken.png');
    expect(await rowOf(activations, 6, 2)).toEqual(new Float16Array(await computedAlone(6, 2)));
    await activations.close();
  });
});

describe('damage', () => {
  async function damaged(harm: (folder: string) => void): Promise<number> {
    const cache = newFolder();
    await computedBy(requestFor(cache));
    harm(storeFolder(cache));
    const { activations, computed } = await open(requestFor(cache));
    for (const [id, view] of [
      [0, 0],
      [1, 1],
      [11, 0],
    ])
      expect(await rowOf(activations, id, view)).toEqual(new Float16Array(await computedAlone(id, view)));
    await activations.close();
    expect(await computedBy(requestFor(cache))).toBe(0);
    return computed;
  }
  const rowBytes = (): number => estimateActivations(1, network.freezePoints[0].shape);

  test('of one row is found by its checksum, and the row computed again', async () => {
    const computed = await damaged((folder) => {
      const file = join(folder, 'rows.f16');
      const bytes = readFileSync(file);
      bytes[rowBytes() * 4 + 17] ^= 1;
      writeFileSync(file, bytes);
    });
    expect(computed).toBe(1);
  });

  test('by a process that ended half-way leaves the rows before', async () => {
    const computed = await damaged((folder) => truncateSync(join(folder, 'rows.f16'), rowBytes() * 20 + 5));
    expect(computed).toBe(8);
  });

  test('of the index leaves the rows before', async () => {
    const computed = await damaged((folder) => truncateSync(join(folder, 'rows.index'), 24 * 25 + 3));
    expect(computed).toBe(3);
  });

  test('of what tells what the rows are makes all of them anew', async () => {
    expect(await damaged((folder) => writeFileSync(join(folder, 'about.json'), '{'))).toBe(28);
    expect(await damaged((folder) => rmSync(join(folder, 'rows.f16')))).toBe(28);
  });
});

test('a job that is cancelled keeps what it made', async () => {
  const cache = newFolder();
  const stop = new AbortController();
  const many = Array.from({ length: 40 }, (_, at) => ({
    ...images[at % 4],
    views: [{ ...images[0].views[0], id: at }],
  }));
  const request = requestFor(cache, {
    images: many,
    viewKeys: new Map(many.map((_, at) => [at, `view ${at}`])),
    varied: new Set(many.keys()),
    views: 8,
  });
  const context = createJobContext<never>(
    stop.signal,
    () => undefined,
    () => undefined,
  );
  let batches = 0;
  const cancelled = openActivations(request, {
    ...context,
    breathe: () => {
      if (++batches === 3) stop.abort();
      return context.breathe();
    },
  });
  await expect(cancelled).rejects.toBeInstanceOf(CancelledError);
  expect(await computedBy(request)).toBe(320 - 3 * 32);
});

describe('the limit', () => {
  const rows = (count: number): number => estimateActivations(count, network.freezePoints[0].shape);

  test('takes views away first', async () => {
    const { activations } = await open(requestFor(newFolder(), { limit: rows(8 * 2 + 4) }));
    expect(activations.views).toBe(2);
    expect(activations.notes).toEqual([expect.stringContaining('in 2 views in place of 3')]);
    await activations.close();
  });

  test('refuses what does not fit with one view, and says what would', async () => {
    const refusal = open(requestFor(newFolder(), { limit: rows(11) }));
    await expect(refusal).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(
        /The activations of 12 items at "[^"]+" take .* freeze at "[^"]+" or later/,
      ) as string,
    });
    await expect(open(requestFor(newFolder(), { limit: rows(1) }))).rejects.toThrow('freeze nothing');
  });

  test('refuses what the disk has no room for, and says what would fit', () => {
    const demand: ActivationsDemand = {
      point: network.freezePoints[0],
      size,
      points: network.freezePoints,
      varied: 10,
      plain: 5,
      views: 8,
    };
    // 40 rows are stored already, 45 are to come, of which 20 find room: in all 60, five views each and the five others.
    const refused = (): void => checkFree(demand, rows(45), rows(20) / 0.8);
    expect(refused).toThrow(/keep at most 5 views of each item, or free space on the disk/);
    expect(() => checkFree(demand, rows(45), 1000)).toThrow('keep at most 3 views');
    expect(() => checkFree({ ...demand, views: 1 }, rows(15), 1000)).toThrow(/input of at most|free space/);
    expect(() => checkFree(demand, rows(45), rows(57))).not.toThrow();
  });

  test('drops what was used longest ago, of other networks and points', async () => {
    const cache = newFolder();
    const [first, second, third] = ['a', 'b', 'c'].map((hash) =>
      requestFor(cache, { networkHash: hash.repeat(64), limit: 3 * rows(28) }),
    );
    await computedBy(first);
    const folder = storeFolder(cache);
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), 1, 1);
    await computedBy(second);
    await computedBy(third);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(join(cache, 'activations'))).toHaveLength(2);
    expect(await computedBy(second)).toBe(0);
  });

  test('puts rows in the place of those that are not wanted', async () => {
    const cache = newFolder();
    const limit = rows(30);
    await computedBy(requestFor(cache, { limit }));
    const { activations, computed } = await open(requestFor(cache, { limit, augmentation: defaultAugmentation }));
    expect(computed).toBe(16);
    expect(await rowOf(activations, 5, 2)).toEqual(new Float16Array(await computedAlone(5, 2, defaultAugmentation)));
    expect(await rowOf(activations, 5)).toEqual(new Float16Array(await computedAlone(5, 0)));
    await activations.close();
    expect(statSync(join(storeFolder(cache), 'rows.f16')).size).toBe(rows(28));
    expect(await computedBy(requestFor(cache, { limit }))).toBe(16);
  });
});

describe('batches of activations', () => {
  const training = ids.slice(0, 8);
  const copied = ({ rows, data }: Batch): Batch => ({ rows: rows.slice(), data: data.slice() });
  async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
    const all: Batch[] = [];
    for await (const batch of batches) all.push(copied(batch));
    return all;
  }

  test('hold the view that was drawn for each item, in full batches', async () => {
    const { activations } = await open(requestFor(newFolder()));
    const order = shuffledOrder({ ids: training, batchSize: 3, views: activations.views, seed: 9 });
    const source = cachedBatches(activations, training, order);
    expect(source).toMatchObject({ shape: activations.shape, type: 'float32', steps: 3 });
    const batches = await collect(source.epoch(2));
    const { rows, views } = order.epoch(2);
    expect(batches.flatMap((batch) => [...batch.rows])).toEqual([...rows]);
    const length = batches[0].data.length / 3;
    for (const [at, row] of rows.entries()) {
      const own = batches[Math.floor(at / 3)].data.subarray((at % 3) * length, ((at % 3) + 1) * length);
      expect(own).toEqual(new Float32Array(await rowOf(activations, training[row], views[at])));
    }
    await activations.close();
  });

  test('go on in the middle of an epoch as if it had not been left', async () => {
    const { activations } = await open(requestFor(newFolder()));
    const source = (): BatchSource =>
      cachedBatches(activations, training, shuffledOrder({ ids: training, batchSize: 3, views: 3, seed: 9 }));
    const whole = await collect(source().epoch(5));
    expect(await collect(source().epoch(5, 2))).toEqual(whole.slice(2));
    await activations.close();
  });

  test('for measuring hold every item once, as it is; the last is smaller', async () => {
    const { activations } = await open(requestFor(newFolder()));
    const source = cachedBatches(activations, ids, listOrder(ids.length, 5));
    const batches = await collect(source.epoch(0));
    expect(batches.map(({ rows }) => rows.length)).toEqual([5, 5, 2]);
    const all = new Float32Array(batches.flatMap(({ data }) => [...data]));
    const length = all.length / ids.length;
    for (const id of ids)
      expect(all.subarray(id * length, (id + 1) * length)).toEqual(new Float32Array(await rowOf(activations, id)));
    await activations.close();
  });
});

test('a freeze point that is a vector has rows of its values', async () => {
  const point = findFreezePoint(network.freezePoints, 'last');
  const { activations } = await open(requestFor(newFolder(), { point }));
  expect(activations.shape).toEqual(point.shape);
  await activations.close();
});
