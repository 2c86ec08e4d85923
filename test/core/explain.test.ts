import { rmSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../main/contract/api/learning.ts';
import { heatColours } from '../../main/contract/palette.ts';
import { encodeHeatMap, encodeOverlay } from '../../main/images/heat-map.ts';
import { workshop } from '../support/core.ts';
import { type Desk, desk, openClasses, sentence } from '../support/studio.ts';

type Asked = Parameters<Desk['client']['evaluation']['explain']>[0];

async function explain({ client, done }: Desk, asked: Asked): Promise<Explanation> {
  const started = await client.evaluation.explain(asked);
  await done(started);
  return (await client.evaluation.explanation(started))!;
}

/** The pixels of a picture's `data:` address, RGBA. */
async function pixelsOf(address: string): Promise<{ size: number; data: Buffer }> {
  const encoded = Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
  const { data, info } = await sharp(encoded).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info.width).toBe(info.height);
  return { size: info.width, data };
}

describe('why a run answers as it does for an item', () => {
  const work = workshop();

  it('is told of linear runs and of fine-tuned ones', { timeout: 120_000 }, async () => {
    const own = desk(work);
    const { client, done } = own;
    await openClasses(work, own, 'explained');
    const common = { size: 32, seed: 0, device: 'cpu' } as const;
    await done(await client.training.start({ ...common, method: 'svm', point: 'last', pooling: 'avg+max' }));
    await done(
      await client.training.start({
        ...common,
        method: 'fine-tune',
        choice: { freeze: null, epochs: 2, headStart: 'fitted' },
      }),
    );
    const classes = await client.labels.classes();
    const runs = await client.training.runs();
    expect(runs.map(({ config }) => config.method)).toEqual(['svm', 'fine-tune']);
    for (const run of runs) {
      const [answer] = await client.evaluation.answers({ run: run.id });
      const found = await explain(own, { run: run.id, itemId: answer.itemId });
      expect(found).toMatchObject({ run: run.id, itemId: answer.itemId });
      for (const [at, probability] of answer.probabilities.entries())
        expect(found.probabilities[at]).toBeCloseTo(probability, 4);
      expect(found.points.length).toBeGreaterThan(1);
      expect(found.point).toBe(found.points.at(-1));
      expect(found.maps.map(({ classIndex }) => classIndex)).toEqual([answer.predicted, 1 - answer.predicted]);
      expect((await pixelsOf(found.picture)).size).toBe(32);
      const lit = found.maps.filter(({ heat }) => heat !== null);
      expect(lit.length).toBeGreaterThan(0);
      for (const { heat } of lit) expect((await pixelsOf(heat!)).size).toBe(32);

      // Colours tell the classes apart: what is alike is of the same one.
      const item = (await client.items.describe({ ids: [answer.itemId] }))[0];
      expect(found.nearest).toHaveLength(8);
      expect(found.nearest!.every(({ itemId }) => itemId !== answer.itemId)).toBe(true);
      expect(found.nearest!.every(({ classId }) => classId === item.classId)).toBe(true);
      const distances = found.nearest!.map(({ distance }) => distance);
      expect(distances).toEqual(distances.toSorted((a, b) => a - b));

      const early = await explain(own, { run: run.id, itemId: answer.itemId, point: found.points[0], classes: [0, 1] });
      expect(early.point).toBe(found.points[0]);
      expect(new Set(early.maps.map(({ classIndex }) => classIndex))).toEqual(new Set([0, 1]));
    }
    expect(classes).toHaveLength(2);
  });

  it('is refused with a reason', { timeout: 120_000 }, async () => {
    const own = desk(work, work.path('data2'));
    const { client, done, over } = own;
    await openClasses(work, own, 'refused');
    await done(
      await client.training.start({
        method: 'softmax',
        point: 'last',
        pooling: 'avg',
        size: 32,
        seed: 0,
        device: 'cpu',
      }),
    );
    const errorOf = async (asked: Asked): Promise<string | null> =>
      (await over(await client.evaluation.explain(asked))).error;
    expect(await sentence(client.evaluation.explain({ run: 9, itemId: 1 }))).toMatch(/There is no run 9/);
    expect(await errorOf({ run: 1, itemId: 999 })).toMatch(/not in the project/);
    expect(await errorOf({ run: 1, itemId: 1, point: 'nowhere' })).toMatch(/no freeze point "nowhere"/);
    expect(await errorOf({ run: 1, itemId: 1, classes: [2] })).toMatch(/no class of the number 2/);
    rmSync(work.path('refused-images'), { recursive: true });
    expect(await errorOf({ run: 1, itemId: 1 })).toMatch(/\.png/);
  });
});

describe('a map over a picture', () => {
  /** Bright in the lower right corner. */
  const map = { width: 2, height: 2, values: Float32Array.of(0, 0, 0, 1) };

  it('is transparent where there is nothing, and of the brightest colour where there is most', async () => {
    const size = 16;
    const { data } = await sharp(await encodeHeatMap(map, size))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number): number[] => [...data.subarray((y * size + x) * 4, (y * size + x + 1) * 4)];
    expect(pixel(0, 0)[3]).toBe(0);
    const brightest = [1, 3, 5].map((at) => Number.parseInt(heatColours.at(-1)!.slice(at, at + 2), 16));
    expect(pixel(size - 1, size - 1)).toEqual([...brightest, 255]);
    const [, , , between] = pixel(size - 1, size / 2);
    expect(between).toBeGreaterThan(0);
  });

  it('leaves the picture as it is at opacity 0', async () => {
    const grey = { width: 8, height: 8, data: new Uint8Array(8 * 8 * 3).fill(90) };
    const shown = async (opacity: number): Promise<Buffer> =>
      sharp(await encodeOverlay(grey, map, opacity))
        .removeAlpha()
        .raw()
        .toBuffer();
    expect((await shown(0)).every((value) => value === 90)).toBe(true);
    expect((await shown(1)).at(-1)).not.toBe(90);
  });
});
