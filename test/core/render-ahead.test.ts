import { beforeAll, describe, expect, test } from 'vitest';
import { renderAhead, type RenderOrder, type ViewBatch } from '../../main/trainer/render-ahead.ts';
import { render } from '../../main/trainer/render.ts';
import type { ViewedImage, ViewFailure } from '../../main/trainer/views.ts';
import { noisePng, workshop } from '../support/core.ts';

const work = workshop();
const size = 12;
const itemsEach = 7;
const images: ViewedImage[] = [];

beforeAll(async () => {
  for (let at = 0; at < 40; at++) {
    const path = work.write(`image${at}.png`, await noisePng(at + 1, { width: 40, height: 30 }));
    const views = Array.from({ length: itemsEach }, (_, item) => ({
      id: at * itemsEach + item,
      box: { x: item * 5, y: item, width: 8, height: 9 },
      margin: 0,
    }));
    images.push({ path, page: 0, views });
  }
  // Broken in the middle, where others are under way beside it.
  images[20] = { ...images[20], path: work.write('broken.png', 'no image') };
});

async function collect(order: RenderOrder): Promise<{ batches: ViewBatch[]; failures: ViewFailure[] }> {
  const batches: ViewBatch[] = [];
  const failures: ViewFailure[] = [];
  for await (const batch of renderAhead(images, size, 4, (failure) => failures.push(failure), order))
    batches.push(batch);
  return { batches, failures };
}

describe('views rendered ahead', () => {
  test.each(['beside', 'in turns'] as const)('%s: every view once, in their order, in full batches', async (order) => {
    const { batches, failures } = await collect(order);
    const broken = images[20].views.map(({ id }) => id);
    const ids = images.flatMap(({ views }) => views.map(({ id }) => id)).filter((id) => !broken.includes(id));
    expect(batches.flatMap((batch) => batch.ids)).toEqual(ids);
    expect(batches.slice(0, -1).every((batch) => batch.ids.length === 4)).toBe(true);
    expect(batches.at(-1)!.ids).toHaveLength(ids.length % 4 || 4);
    expect(failures.map(({ id }) => id).sort((one, other) => one - other)).toEqual(broken);
    const { views } = await render(images[39], size);
    expect(batches.at(-1)!.pixels.subarray(-size * size * 3)).toEqual(views.at(-1)!.pixels);
  });

  test('what stands in the batches does not depend on the order', async () => {
    expect((await collect('in turns')).batches).toEqual((await collect('beside')).batches);
  });
});
