import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { removeInPortions } from '../../main/items/remove.ts';
import { valueOf, noisePng, tinyNetwork, workshop } from '../support/core.ts';
import { type Desk, desk } from '../support/studio.ts';

const work = workshop();
const byNumber = { by: 'number' } as const;

/** Six images in two folders, each an item and labelled by its folder, copied into the project. */
async function openImages(name: string): Promise<Desk & { ids: number[]; images: number[] }> {
  const own = desk(work, work.path(`${name}-data`));
  for (let at = 0; at < 6; at++)
    work.write(`${name}-images/${at < 3 ? 'red' : 'green'}/${at}.png`, await noisePng(at + 1));
  await own.client.projects.create({ folder: work.path(name) });
  const options = { labels: 'folders', copy: true } as const;
  await own.done(await own.client.items.import({ source: work.path(`${name}-images`), options }));
  const ids = await own.client.items.query({ filter: {}, order: byNumber });
  const images = (await own.client.items.images({})).map(({ id }) => id);
  return { ...own, ids, images };
}
const copies = ({ session }: Desk): number =>
  readdirSync(session.project().imagesFolder, { recursive: true, encoding: 'utf8' }).filter((one) =>
    one.endsWith('.png'),
  ).length;

describe('what was imported by mistake', () => {
  it('goes out as images, with their items, labels, codes and copies; what is left stays whole', async () => {
    const own = await openImages('images');
    const { client, session, done, images, ids } = own;
    await done(await client.networks.add({ path: work.write('tiny.onnx', tinyNetwork()), scaling: 'unit' }));
    const [network] = await client.networks.list();
    await client.networks.choose({ hash: network.hash });
    await done(await client.items.prepareSimilar());
    await client.labels.set({ ids: [ids[0], ids[5]], classId: null });
    await client.labels.set({ ids: [ids[1]], classId: null });
    const [box] = [{ x: 0, y: 0, width: 10, height: 10 }];
    await client.items.addRegions({ imageId: images[0], boxes: [box], classId: null });

    const removal = { what: 'images' as const, ids: images.slice(0, 2) };
    expect(await client.items.weighRemoval(removal)).toEqual({ images: 2, items: 3, labelled: 0, copies: 2 });
    expect(copies(own)).toBe(6);
    await done(await client.items.remove(removal));
    expect(await client.items.query({ filter: {}, order: byNumber })).toEqual(ids.slice(2));
    expect((await client.items.images({})).map(({ id }) => id)).toEqual(images.slice(2));
    expect(copies(own)).toBe(4);
    expect(valueOf(session.project(), 'SELECT COUNT(*) FROM codes.codes')).toBe(4);
    // Of the last act nothing is left: what is taken back is the one before, as far as its items are there.
    expect(await client.labels.undo()).toEqual({ changed: 1 });

    // They can be had again.
    const options = { labels: 'folders', copy: true } as const;
    await done(await client.items.import({ source: work.path('images-images'), options }));
    expect((await client.items.images({})).length).toBe(6);
    expect(copies(own)).toBe(6);
  });

  it('goes out as items: a whole image with its own, an image with regions stays', async () => {
    const own = await openImages('items');
    const { client, done, images, ids } = own;
    const boxes = [{ x: 0, y: 0, width: 10, height: 10 }];
    const [region] = await client.items.addRegions({ imageId: images[0], boxes, classId: null });
    const removal = { what: 'items' as const, ids: [ids[0], ids[1]] };
    expect(await client.items.weighRemoval(removal)).toEqual({ images: 1, items: 2, labelled: 2, copies: 1 });
    await done(await client.items.remove(removal));
    expect((await client.items.images({})).map(({ id }) => id)).toEqual([images[0], ...images.slice(2)]);
    await done(await client.items.remove({ what: 'items', ids: [region] }));
    expect((await client.items.images({}))[0]).toMatchObject({ id: images[0], items: 0 });
  });

  it('leaves what was referred to where it lies', async () => {
    const own = desk(work, work.path('refer-data'));
    const file = work.write('refer-images/one.png', await noisePng(1));
    await own.client.projects.create({ folder: work.path('refer') });
    await own.done(await own.client.items.import({ source: work.path('refer-images'), options: {} }));
    const [{ id }] = await own.client.items.images({});
    await own.done(await own.client.items.remove({ what: 'images', ids: [id] }));
    expect(await own.client.items.images({})).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });

  it('stays whole, image by image, when the removal is cancelled', async () => {
    const { session } = await openImages('cancelled');
    const { database } = session.project();
    const image = database.prepare(
      `INSERT INTO images (content_hash, page, path, name, copied, bytes, modified_ms, format, width, height, pages, channels, bits)
       VALUES (?, 0, ?, NULL, 0, 1, 1, 'png', 1000, 1000, 1, 3, 8)`,
    );
    const item = database.prepare(
      `INSERT INTO items (image_id, kind, x, y, width, height, margin) VALUES (?, 'region', ?, 0, 10, 10, 0.1)`,
    );
    const ids: number[] = [];
    database.transaction(() => {
      for (let at = 0; at < 5000; at++) {
        const id = Number(image.run(`hash ${at}`, `/images/${at}.png`).lastInsertRowid);
        for (let own = 0; own < 3; own++) item.run(id, own * 20);
        ids.push(id);
      }
    })();
    const cancel = new AbortController();
    const removing = removeInPortions(
      session.project(),
      { what: 'images', ids },
      { signal: cancel.signal, onProgress: () => cancel.abort() },
    );
    await expect(removing).rejects.toThrow('cancelled');
    const left = Number(valueOf(session.project(), 'SELECT COUNT(*) FROM images WHERE width = 1000'));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(5000);
    expect(valueOf(session.project(), `SELECT COUNT(*) FROM items WHERE kind = 'region'`)).toBe(3 * left);
  });
});
