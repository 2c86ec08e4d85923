import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AugmentationSettings, defaultAugmentation, noAugmentation } from '../../main/contract/augmentation.ts';
import { CancelledError } from '../../main/contract/errors.ts';
import type { Patch } from '../../main/images/augment.ts';
import { drawAugmentation } from '../../main/trainer/batches/draw-augmentation.ts';
import { endlessViews, listOrder, shuffledOrder } from '../../main/trainer/batches/order.ts';
import { plainBatches, renderedBatches } from '../../main/trainer/batches/rendered.ts';
import { openRenderedItems, type RenderedItems } from '../../main/trainer/batches/rendered-items.ts';
import type { Batch, BatchSource } from '../../main/trainer/batches/source.ts';
import { createJobContext } from '../../main/trainer/context.ts';
import { createPatchStore } from '../../main/trainer/patches.ts';
import { render } from '../../main/trainer/render.ts';
import type { ViewedImage } from '../../main/trainer/views.ts';
import { noisePng, workshop } from '../support/core.ts';

const work = workshop();
const size = 24;
const length = size * size * 3;
let images: ViewedImage[];
const ids = Array.from({ length: 14 }, (_, at) => at);

beforeAll(async () => {
  images = [];
  for (let at = 0; at < 7; at++) {
    const path = work.write(`image${at}.png`, await noisePng(at + 1, { width: 80, height: 60 }));
    const views = [0, 1].map((item) => ({
      id: at * 2 + item,
      box: { x: 5 + item * 30, y: 10, width: 20, height: 30 },
      margin: 0,
    }));
    images.push({ path, page: 0, views });
  }
});

const contextFor = (signal = new AbortController().signal): ReturnType<typeof createJobContext<never>> =>
  createJobContext<never>(
    signal,
    () => undefined,
    () => undefined,
  );

const opened: RenderedItems[] = [];
afterAll(() => Promise.all(opened.map((items) => items.close())));

async function open(
  changes: { images?: readonly ViewedImage[]; augmentation?: AugmentationSettings; keptBytes?: number } = {},
): Promise<RenderedItems> {
  const items = await openRenderedItems(
    { images, size, augmentation: defaultAugmentation, seed: 3, ...changes },
    contextFor(),
  );
  opened.push(items);
  return items;
}

const training = (items: RenderedItems): BatchSource =>
  renderedBatches(items, ids, shuffledOrder({ ids, batchSize: 4, views: endlessViews, seed: 5 }));

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const { rows, data } of batches) all.push({ rows: rows.slice(), data: data.slice() });
  return all;
}

/** A view rendered by itself, without threads. */
async function alone(id: number, view: number, settings = defaultAugmentation): Promise<Uint8Array> {
  const image = images[Math.floor(id / 2)];
  const augmentation = drawAugmentation(settings, 3, id, view);
  const plain = image.views[id % 2];
  const { views } = await render({ ...image, views: [{ ...plain, ...(augmentation ? { augmentation } : {}) }] }, size);
  return views[0].pixels;
}

describe('batches that are rendered when their turn comes', () => {
  test('hold the view that was drawn for each item', async () => {
    const source = training(await open());
    expect(source).toMatchObject({ shape: [size, size, 3], type: 'uint8', steps: 4 });
    const batches = await collect(source.epoch(1));
    const { rows, views } = shuffledOrder({ ids, batchSize: 4, views: endlessViews, seed: 5 }).epoch(1);
    expect(batches.flatMap((batch) => [...batch.rows])).toEqual([...rows]);
    for (const [at, row] of rows.entries()) {
      const own = batches[Math.floor(at / 4)].data.subarray((at % 4) * length, ((at % 4) + 1) * length);
      expect(own).toEqual(await alone(row, views[at]));
    }
  });

  test('go on in the middle of an epoch as if it had not been left', async () => {
    const whole = await collect(training(await open()).epoch(4));
    expect(await collect(training(await open()).epoch(4, 2))).toEqual(whole.slice(2));
  });

  test('are the same whether images are decoded once or for each view', async () => {
    for (const augmentation of [
      defaultAugmentation,
      { ...noAugmentation, symmetries: 'all' } as const,
      noAugmentation,
    ]) {
      const kept = await collect(training(await open({ augmentation })).epoch(0));
      expect(await collect(training(await open({ augmentation, keptBytes: 0 })).epoch(0))).toEqual(kept);
    }
  });

  test('are taken from memory once the images were read', async () => {
    const path = work.write('gone.png', await noisePng(90, { width: 80, height: 60 }));
    const gone = [{ ...images[0], path }, ...images.slice(1)];
    const before = await collect(training(await open({ images: gone })).epoch(0));
    const items = await open({ images: gone });
    const forgetful = await open({ images: gone, keptBytes: 0 });
    rmSync(path);
    expect(await collect(training(items).epoch(0))).toEqual(before);
    await expect(collect(training(forgetful).epoch(0))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('gone.png') as string,
    });
  });

  test('of items that cannot be read: these are named before training', async () => {
    const path = work.path('torn.png');
    writeFileSync(path, (await noisePng(91, { width: 80, height: 60 })).subarray(0, 400));
    const { failures } = await open({ images: [images[0], { ...images[1], path }, ...images.slice(2)] });
    expect(failures.map(({ id }) => id).sort()).toEqual([2, 3]);
    expect(failures[0].reason).toContain('torn.png');
  });

  test('end when they are closed, and when the job is cancelled', async () => {
    const items = await open();
    const batches = training(items).epoch(0)[Symbol.asyncIterator]();
    await batches.next();
    await items.close();
    // What was under way is whole.
    expect((await batches.next()).done).toBe(false);
    await expect(collect(training(items).epoch(1))).rejects.toBeInstanceOf(CancelledError);
    const request = { images, size, augmentation: noAugmentation, seed: 1 };
    await expect(openRenderedItems(request, contextFor(AbortSignal.abort()))).rejects.toBeInstanceOf(CancelledError);
  });

  test('in the order of the list, as they are', async () => {
    const batches = await collect(renderedBatches(await open(), ids, listOrder(ids.length, 5)).epoch(0));
    expect(batches.map(({ rows }) => rows.length)).toEqual([5, 5, 4]);
    expect(batches[2].data.subarray(3 * length)).toEqual(await alone(13, 0));
  });
});

test('plain batches show every wanted item once, and leave out what cannot be read', async () => {
  const path = work.path('cut.png');
  writeFileSync(path, (await noisePng(92, { width: 80, height: 60 })).subarray(0, 400));
  const failed: number[] = [];
  const wanted = [13, 2, 4, 5, 6, 9];
  const source = plainBatches({
    images: [images[0], images[1], { ...images[2], path }, ...images.slice(3)],
    ids: wanted,
    size,
    batchSize: 3,
    onFailure: ({ id }) => failed.push(id),
  });
  const batches = await collect(source.epoch(0));
  expect(failed.sort()).toEqual([4, 5]);
  expect(batches.map(({ rows }) => rows.length)).toEqual([3, 1]);
  const shown = batches.flatMap(({ rows, data }) =>
    Array.from(rows, (row, at) => [wanted[row], data.subarray(at * length, (at + 1) * length)] as const),
  );
  expect(shown.map(([id]) => id).sort((a, b) => a - b)).toEqual([2, 6, 9, 13]);
  for (const [id, pixels] of shown) expect(pixels).toEqual(await alone(id, 0));
  expect(await collect(source.epoch(0, 1))).toEqual(batches.slice(1));
});

test('a store of patches keeps what there is room for, and makes the rest each time', async () => {
  const patches = createPatchStore(100);
  let made = 0;
  const make = (bytes: number) => (): Promise<Patch> => {
    made++;
    const pixels = { width: bytes / 3, height: 1, data: new Uint8Array(bytes) };
    return Promise.resolve({ pixels, square: { x: 0, y: 0, side: 1 } });
  };
  for (let round = 0; round < 3; round++) {
    await patches.get('first', make(60));
    await patches.get('second', make(60));
    await patches.get('third', make(39));
  }
  expect(made).toBe(1 + 3 + 1);
  await Promise.all([patches.get('fourth', make(60)), patches.get('fourth', make(60))]);
  expect(made).toBe(6);
  await expect(patches.get('fifth', () => Promise.reject(new Error('none')))).rejects.toThrow('none');
  expect((await patches.get('fifth', make(1.5))).pixels.width).toBe(0.5);
});
