import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { palette } from '../../main/contract/palette.ts';
import { integrityOf, noisePng, valueOf, workshop, writeClasses } from '../support/core.ts';
import { tiff } from '../support/image-files.ts';
import { type Desk, desk, openClasses, sentence } from '../support/studio.ts';

const work = workshop();
const byNumber = { by: 'number' } as const;

/** A project with one image of 1000 × 100 pixels and ten regions on it. */
async function openRegions(name: string): Promise<Desk & { ids: number[]; imageId: number }> {
  const own = desk(work);
  const { client, done } = own;
  mkdirSync(work.path(`${name}-images`));
  writeFileSync(work.path(`${name}-images`, 'field.png'), await noisePng(1, { width: 1000, height: 100 }));
  await client.projects.create({ folder: work.path(name) });
  await done(await client.items.import({ source: work.path(`${name}-images`), options: { group: 'image' } }));
  const [{ id: imageId }] = await client.items.images({});
  await client.items.removeItems({ ids: await client.items.query({ filter: {}, order: byNumber }) });
  const boxes = Array.from({ length: 10 }, (_, at) => ({ x: at * 100, y: 10, width: 50, height: 50 }));
  return { ...own, imageId, ids: await client.items.addRegions({ imageId, boxes, classId: null }) };
}

async function labelsOf({ client }: Desk, ids: readonly number[]): Promise<(number | null)[]> {
  return (await client.items.describe({ ids: [...ids] })).map(({ classId }) => classId);
}

describe('labels', () => {
  it('are set, taken back and made again; each act counts as a change of labels', async () => {
    const own = await openRegions('undone');
    const { client, ids, state } = own;
    const { id: red } = await client.labels.createClass({ name: 'red' });
    const before = (await state()).revisions;
    expect(await client.labels.set({ ids: ids.slice(0, 3), classId: red })).toEqual({ changed: 3 });
    expect(await client.labels.set({ ids: ids.slice(0, 4), classId: red })).toEqual({ changed: 1 });
    expect(await labelsOf(own, ids.slice(0, 5))).toEqual([red, red, red, red, null]);
    expect(await client.labels.undo()).toEqual({ changed: 1 });
    expect(await client.labels.undo()).toEqual({ changed: 3 });
    expect(await labelsOf(own, ids.slice(0, 2))).toEqual([null, null]);
    expect(await client.labels.redo()).toEqual({ changed: 3 });
    expect(await client.labels.undo()).toEqual({ changed: 3 });
    expect(await client.labels.undo()).toBeNull();
    const { revisions, project } = await state();
    expect(revisions.labels).toBe(before.labels + 6);
    expect(revisions.items).toBe(before.items);
    expect(project?.labelled).toBe(0);
  });

  it('for items or classes that are no more are refused as a whole', async () => {
    const own = await openRegions('gone');
    const { client, ids } = own;
    const { id } = await client.labels.createClass({ name: 'red' });
    await client.items.removeItems({ ids: [ids[9]] });
    expect(await sentence(client.labels.set({ ids, classId: id }))).toMatch(/not in the project any more/);
    expect(await labelsOf(own, ids)).toEqual(Array(9).fill(null));
    expect(await sentence(client.labels.set({ ids: [ids[0]], classId: 99 }))).toMatch(/This class is not/);
  });

  it('of items that were removed leave nothing to undo', async () => {
    const { client, ids } = await openRegions('emptied');
    const { id } = await client.labels.createClass({ name: 'red' });
    await client.labels.set({ ids: [ids[0]], classId: id });
    await client.labels.set({ ids: [ids[1]], classId: id });
    await client.items.removeItems({ ids: [ids[1]] });
    expect(await client.labels.undo()).toEqual({ changed: 1 });
    expect(await client.labels.undo()).toBeNull();
  });
});

describe('classes', () => {
  it('get the next free key and colour, and can be given others', async () => {
    const { client } = await openRegions('looks');
    for (let at = 0; at < 40; at++) await client.labels.createClass({ name: `class ${at}` });
    const classes = await client.labels.classes();
    expect(classes.map(({ key }) => key).slice(0, 10)).toEqual([...'123456789'.split(''), 'a']);
    expect(classes.at(-1)?.key).toBeNull();
    expect(new Set(classes.slice(0, palette.length).map(({ colour }) => colour)).size).toBe(palette.length);
    const [first, second] = classes;
    await client.labels.updateClass({ id: first.id, key: '2', colour: '#123456', name: ' renamed ' });
    const changed = await client.labels.classes();
    expect(changed[0]).toEqual({ ...first, key: '2', colour: '#123456', name: 'renamed' });
    expect(changed[1]).toEqual({ ...second, key: '1' });
    expect(await sentence(client.labels.updateClass({ id: first.id, name: 'class 1' }))).toMatch(/merge the two/);
    expect(await sentence(client.labels.updateClass({ id: first.id, key: '+' }))).toMatch(/a letter or a digit/);
    expect(await sentence(client.labels.createClass({ name: 'renamed' }))).toMatch(/There is a class renamed already/);
  });

  it('are merged and deleted as acts that an undo takes back, however they follow each other', async () => {
    const own = await openRegions('merged');
    const { client, ids, session } = own;
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => client.labels.createClass({ name })));
    await client.labels.set({ ids: ids.slice(0, 3), classId: a.id });
    await client.labels.set({ ids: ids.slice(3, 6), classId: b.id });
    await client.labels.set({ ids: ids.slice(6, 9), classId: c.id });
    const names = async () => (await client.labels.classes()).map(({ name, items }) => `${name} ${items}`);
    const steps = [await names()];
    await client.labels.mergeClasses({ from: a.id, into: b.id });
    expect(await names()).toEqual(['b 6', 'c 3']);
    steps.push(await names());
    await client.labels.deleteClass({ id: b.id });
    expect(await names()).toEqual(['c 3']);
    steps.push(await names());
    await client.labels.mergeClasses({ from: c.id, into: (await client.labels.createClass({ name: 'd' })).id });
    expect(await names()).toEqual(['d 3']);
    for (const step of steps.toReversed()) {
      await client.labels.undo();
      expect((await names()).filter((one) => one !== 'd 0')).toEqual(step);
    }
    for (const step of steps.slice(1)) {
      await client.labels.redo();
      expect((await names()).filter((one) => one !== 'd 0')).toEqual(step);
    }
    expect(await sentence(client.labels.mergeClasses({ from: c.id, into: c.id }))).toMatch(/with itself/);
    expect(await sentence(client.labels.deleteClass({ id: b.id }))).toMatch(/not in the project any more/);
    expect(integrityOf(session.project())).toEqual(['ok']);
  });

  it('without items are deleted, and come back by an undo; a name can be given again', async () => {
    const { client } = await openRegions('renamed');
    const { id } = await client.labels.createClass({ name: 'one' });
    const { id: other } = await client.labels.createClass({ name: 'other' });
    await client.labels.deleteClass({ id });
    await client.labels.updateClass({ id: other, name: 'one' });
    expect(await client.labels.undo()).toEqual({ changed: 0 });
    expect((await client.labels.classes()).map(({ name }) => name)).toEqual(['one (2)', 'one']);
    await client.labels.deleteClass({ id });
    expect((await client.labels.createClass({ name: 'one (2)' })).id).toBe(id);
    expect((await client.labels.classes()).map(({ key }) => key)).toEqual(['1', '2']);
  });
});

describe('regions', () => {
  it('take the group of their image, are clipped to it, and keep their number when drawn again', async () => {
    const { client, imageId, ids } = await openRegions('drawn');
    const { id: classId } = await client.labels.createClass({ name: 'red' });
    const edge = { x: -20, y: 80, width: 60, height: 60 };
    const [added, again] = await client.items.addRegions({
      imageId,
      boxes: [edge, { x: 0, y: 10, width: 50, height: 50 }],
      classId,
    });
    expect(again).toBe(ids[0]);
    const [item] = await client.items.describe({ ids: [added] });
    expect(item).toMatchObject({ kind: 'region', image: 'field.png', box: { x: 0, y: 80, width: 40, height: 20 } });
    expect(item).toMatchObject({ classId, source: 'hand' });
    const outside = { x: 2000, y: 0, width: 10, height: 10 };
    expect(await sentence(client.items.addRegions({ imageId, boxes: [outside], classId }))).toMatch(/no area|outside/);
    await client.items.removeItems({ ids: [added] });
    const [newest] = await client.items.addRegions({ imageId, boxes: [edge], classId: null });
    expect(newest).toBeGreaterThan(added);
  });
});

describe('what is trained', () => {
  it('goes the whole way: plan, split, run, answers, orders, export, prediction, removal', async () => {
    const own = desk(work);
    const { client, done, over, state } = own;
    await openClasses(work, own, 'whole');
    const ids = await client.items.query({ filter: {}, order: byNumber });
    await client.labels.set({ ids: ids.slice(0, 4), classId: null });
    const plan = await client.training.plan();
    expect(plan.obstacle).toBeNull();
    expect(plan.counts.train + plan.counts.validation + plan.counts.test).toBe(36);
    expect(plan.classes.map(({ name }) => name)).toEqual(['green', 'red']);
    await client.training.split({ test: 0.25, validation: 0.25, by: 'item', seed: 1 });
    const settings = { method: 'softmax', point: 'last', pooling: 'avg', size: null, seed: 0, device: 'cpu' } as const;
    await done(await client.training.start(settings));
    const [run] = await client.training.runs();
    const { project, device, revisions } = await state();
    expect(project).toMatchObject({ runs: 1, lastRun: { id: run.id }, network: { name: 'tiny' } });
    expect(device).toMatch(/CPU/i);
    expect(revisions.runs).toBeGreaterThan(1);

    const held = await client.evaluation.answers({ run: run.id });
    expect(held.length).toBe(run.result?.counts.test);
    expect(held.every(({ part, probabilities }) => part === 'test' && probabilities.length === 2)).toBe(true);
    const { predicted, truth } = held[0];
    const cell = await client.items.query({ filter: { cell: { run: run.id, truth, predicted } }, order: byNumber });
    expect(cell).toEqual(
      held.filter((one) => one.truth === truth && one.predicted === predicted).map((one) => one.itemId),
    );

    // What has no label is answered too: the least sure first.
    const suggestions = await client.evaluation.suggestions({ run: run.id, ids });
    expect(suggestions.map(({ itemId }) => itemId)).toEqual(ids.slice(0, 4));
    const unsure = await client.items.query({
      filter: { label: 'unlabelled' },
      order: { by: 'uncertainty', run: run.id },
    });
    expect(unsure).toEqual(suggestions.toSorted((a, b) => a.probability - b.probability).map(({ itemId }) => itemId));

    // A label that is changed now differs from the answer, also when its class has another name since.
    const right = held.find((one) => one.truth === one.predicted)!;
    const classes = await client.labels.classes();
    const otherClass = classes.find(({ name }) => name !== run.config.classes[right.truth])!;
    await client.labels.set({ ids: [right.itemId], classId: otherClass.id });
    await client.labels.updateClass({ id: classes[0].id, name: 'verde' });
    const disagreeing = await client.items.query({ filter: { disagreesWithRun: run.id }, order: byNumber });
    expect(disagreeing).toContain(right.itemId);
    expect(disagreeing.length).toBe(held.filter((one) => one.truth !== one.predicted).length + 1);
    const mistakes = await client.items.query({ filter: {}, order: { by: 'confident-mistakes', run: run.id } });
    expect(new Set(mistakes.slice(0, disagreeing.length))).toEqual(new Set(disagreeing));
    await client.labels.undo();

    expect(await sentence(client.items.query({ filter: {}, order: { by: 'similarity', to: 999 } }))).toMatch(/codes/);
    await done(await client.items.prepareSimilar());
    const similar = await client.items.query({ filter: {}, order: { by: 'similarity', to: ids[0] } });
    expect(similar.length).toBe(40);
    expect(similar[0]).toBe(ids[0]);

    await done(await client.sharing.export({ run: run.id, folder: null }));
    const [shared] = await client.sharing.exports();
    expect(shared).toMatchObject({ run: run.id });
    expect(shared.files.every(({ path, own }) => existsSync(path) && own)).toBe(true);
    expect((await state()).project?.exports).toBe(1);

    const predicting = await client.sharing.predict({ by: { run: run.id }, source: work.path('whole-images') });
    await done(predicting);
    const predictions = await client.sharing.predictions();
    expect(predictions).toMatchObject({ ...predicting, run: run.id, classes: run.config.classes, refused: [] });
    expect(predictions?.rows.length).toBe(40);
    const file = work.path('answers.csv');
    expect(await client.sharing.savePredictions({ ...predicting, file })).toEqual({ rows: 40 });
    expect(readFileSync(file, 'utf8').split('\n').length).toBe(42);
    await done(await client.sharing.sortCopies({ ...predicting, folder: work.path('sorted') }));
    const sorted = readdirSync(work.path('sorted')).map((name) => readdirSync(work.path('sorted', name)).length);
    expect(sorted.reduce((sum, count) => sum + count, 0)).toBe(40);

    writeFileSync(
      work.path('regions.csv'),
      'image,x,y,width,height\n' +
        [0, 4, 8].map((x) => `whole-images/red/0000.png,${x},0,12,12\n`).join('') +
        'whole-images/red/gone.png,0,0,12,12\n',
    );
    const regions = await client.sharing.predict({ by: { run: run.id }, source: work.path('regions.csv') });
    await done(regions);
    expect((await client.sharing.predictions())?.refused.length).toBe(1);
    expect(await sentence(client.sharing.savePredictions({ ...predicting, file }))).toMatch(/Predict again/);
    await done(await client.sharing.sortCopies({ ...regions, folder: work.path('cut') }));
    const cut = readdirSync(work.path('cut'), { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.png'),
    );
    expect(cut.length).toBe(3);
    const { width, height } = await sharp(work.path('cut', cut[0])).metadata();
    expect([width, height]).toEqual([12, 12]);
    await done(await client.sharing.sortCopies({ ...regions, folder: work.path('cut') }));
    expect(readdirSync(work.path('cut'), { recursive: true }).length).toBe(cut.length * 2 + 2);

    const crossing = await client.evaluation.crossValidate({ run: run.id, folds: 2 });
    await done(crossing);
    expect(await client.evaluation.crossValidation({ run: run.id })).toMatchObject({ folds: 2, evaluation: {} });
    expect(await client.evaluation.crossValidation({ run: 999 })).toBeNull();

    await client.training.deleteRun({ id: run.id });
    expect(await client.training.runs()).toEqual([]);
    expect(await sentence(client.evaluation.answers({ run: run.id }))).toMatch(/There is no run/);
    await done(await client.training.start(settings));
    expect((await client.training.runs())[0].id).toBeGreaterThan(run.id);

    const cancelled = await client.training.start({ ...settings, size: 64 });
    await client.studio.cancelJob({ id: cancelled.job });
    expect((await over(cancelled)).status).toBe('cancelled');
  });

  it('cannot start without images, labels or a network, and says which is missing', async () => {
    const own = desk(work, work.path('bare-data'), { box: false });
    const { client, done } = own;
    await client.projects.create({ folder: work.path('bare') });
    expect((await client.training.plan()).obstacle).toMatch(/no images/);
    await writeClasses(work.path('bare-images'), 2);
    await done(await client.items.import({ source: work.path('bare-images'), options: {} }));
    expect((await client.training.plan()).obstacle).toMatch(/Nothing is labelled/);
    const ids = await client.items.query({ filter: {}, order: byNumber });
    const { id } = await client.labels.createClass({ name: 'red' });
    await client.labels.set({ ids: ids.slice(0, 2), classId: id });
    expect((await client.training.plan()).obstacle).toMatch(/Only red is labelled/);
    const { id: other } = await client.labels.createClass({ name: 'green' });
    await client.labels.set({ ids: ids.slice(2), classId: other });
    expect((await client.training.plan()).obstacle).toMatch(/no network/);
  });
});

describe('pictures', () => {
  it('of items are square, kept in the cache, and refused when the item is seen otherwise by now', async () => {
    const { client, session, ids } = await openRegions('pictured');
    const [item] = await client.items.describe({ ids: [ids[0]] });
    const { type, data } = await session.thumbnail(item.id, item.viewKey);
    const { width, height, format } = await sharp(data).metadata();
    expect([type, width, height, format]).toEqual(['image/jpeg', 160, 160, 'jpeg']);
    const file = join(session.project().cacheFolder, 'thumbnails', item.viewKey.slice(0, 2), `${item.viewKey}.jpg`);
    expect(readFileSync(file).equals(data)).toBe(true);
    const all = await client.items.describe({ ids });
    await Promise.all(all.flatMap((one) => [1, 2].map(() => session.thumbnail(one.id, one.viewKey))));
    expect(readdirSync(join(session.project().cacheFolder, 'thumbnails')).length).toBe(
      new Set(all.map(({ viewKey }) => viewKey.slice(0, 2))).size,
    );
    await expect(session.thumbnail(item.id, all[1].viewKey)).rejects.toThrow(/seen otherwise/);
    await expect(session.thumbnail(9999, item.viewKey)).rejects.toThrow(/not in the project/);
  });

  it('of whole images are 8 bits; a file that changed since is refused', async () => {
    const { client, done, session } = desk(work);
    mkdirSync(work.path('deep'));
    const deep = Uint16Array.from({ length: 64 * 48 }, (_, at) => at * 20);
    writeFileSync(work.path('deep', 'deep.tif'), tiff([{ width: 64, height: 48, samples: deep }]));
    await client.projects.create({ folder: work.path('deep-project') });
    await done(await client.items.import({ source: work.path('deep'), options: {} }));
    const [{ id, bits, missing }] = await client.items.images({});
    expect([bits, missing]).toEqual([16, false]);
    const { type, data } = await session.image(id);
    expect([type, (await sharp(data).metadata()).width]).toEqual(['image/jpeg', 64]);
    const [item] = await client.items.describe({ ids: await client.items.query({ filter: {}, order: byNumber }) });
    writeFileSync(work.path('deep', 'deep.tif'), await noisePng(5, { width: 64, height: 48 }));
    // What was decoded before may still be shown; not what the file holds now.
    await client.projects.close();
    await client.projects.open({ folder: work.path('deep-project') });
    await expect(session.thumbnail(item.id, item.viewKey)).rejects.toThrow(/was changed since it was imported/);
  });
});

describe('the rest of the contract', () => {
  it('lists folders, and previews an import without writing anything', async () => {
    const { client, state } = desk(work);
    await writeClasses(work.path('previewed'), 2);
    await client.projects.create({ folder: work.path('previewed', 'inside') });
    const { parent, entries } = await client.studio.listFolder({ folder: work.path('previewed') });
    expect(parent).toBe(work.folder);
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['green', 'folder'],
      ['inside.parfocal', 'project'],
      ['red', 'folder'],
    ]);
    expect(await sentence(client.studio.listFolder({ folder: work.path('nowhere') }))).toMatch(/no such file/);
    const preview = await client.items.previewImport({
      source: work.path('previewed', 'red'),
      options: { group: String.raw`000(\d)` },
    });
    expect(preview).toEqual({
      format: 'folder',
      records: [
        { image: '0000.png', label: null, group: '0', region: false },
        { image: '0001.png', label: null, group: '1', region: false },
      ],
      refused: [],
    });
    expect((await state()).project?.items).toBe(0);
  });

  it('reports an import: what is in, and what is refused', async () => {
    const { client, done } = desk(work);
    await writeClasses(work.path('reported'), 2);
    writeFileSync(work.path('reported', 'red', 'broken.png'), 'not an image');
    await client.projects.create({ folder: work.path('reported-project') });
    const importing = await client.items.import({ source: work.path('reported'), options: { labels: 'folders' } });
    await done(importing);
    const report = await client.items.importReport(importing);
    expect(report).toMatchObject({ imported: 4, labelled: 4, conflicts: [] });
    expect(report?.refused.length).toBe(1);
  });

  it('opens the sample: once made, it is one’s own', async () => {
    const own = desk(work, work.path('sample-data'));
    const { client, session, state, done } = own;
    await client.projects.openSample();
    await done({ job: session.jobs.list()[0].id });
    const { project } = await state();
    expect(project?.name).toBe('Sample');
    expect(project?.regions).toBeGreaterThan(500);
    expect(project?.labelled).toBeLessThan(project!.regions);
    expect(project?.groups).toBeGreaterThan(3);
    expect(valueOf(session.project(), 'SELECT COUNT(*) FROM images WHERE NOT copied')).toBe(0);
    const [{ name }] = await client.items.images({ limit: 1 });
    expect(name).toMatch(/^slide-/);
    const ids = await client.items.query({ filter: {}, order: byNumber });
    await client.items.removeItems({ ids: ids.slice(0, 10) });
    await client.projects.close();
    await client.projects.openSample();
    expect((await state()).project?.items).toBe(ids.length - 10);
  });
});

describe('a hundred thousand items', () => {
  it('are found, described, labelled and counted; how fast is printed', async () => {
    const { client, session, state } = desk(work);
    await client.projects.create({ folder: work.path('large') });
    const { database } = session.project();
    const count = 100_000;
    database.transaction(() => {
      const image = database.prepare(
        `INSERT INTO images (content_hash, page, path, name, copied, bytes, modified_ms, format, width, height, pages, channels, bits)
         VALUES (?, 0, ?, ?, 0, 1, 1, 'png', 1000, 1000, 1, 3, 8)`,
      );
      const item = database.prepare(
        `INSERT INTO items (image_id, kind, x, y, width, height, margin, group_name) VALUES (?, 'region', ?, ?, 10, 10, 0.1, ?)`,
      );
      for (let at = 0; at < count / 20; at++) {
        const { lastInsertRowid } = image.run(`hash ${at}`, `/images/${at}.png`, `${at}.png`);
        for (let own = 0; own < 20; own++) item.run(lastInsertRowid, own * 20, 0, `slide ${at % 100}`);
      }
    })();
    session.touch('items');
    const { id: classId } = await client.labels.createClass({ name: 'red' });
    const took: Record<string, number> = {};
    const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await work();
      took[what] = Math.round(performance.now() - start);
      return result;
    };
    const ids = await timed('query by number', () => client.items.query({ filter: {}, order: byNumber }));
    expect(ids.length).toBe(count);
    await timed('label half', () => client.labels.set({ ids: ids.slice(0, count / 2), classId }));
    const unlabelled = await timed('query unlabelled by group', () =>
      client.items.query({ filter: { label: 'unlabelled' }, order: { by: 'group' } }),
    );
    expect(unlabelled.length).toBe(count / 2);
    const byHand = await timed('query by source', () =>
      client.items.query({ filter: { source: 'hand' }, order: { by: 'label' } }),
    );
    expect(byHand.length).toBe(count / 2);
    expect((await timed('describe 200', () => client.items.describe({ ids: ids.slice(50_000, 50_200) }))).length).toBe(
      200,
    );
    expect(await timed('label one', () => client.labels.set({ ids: [ids[99_999]], classId }))).toEqual({ changed: 1 });
    expect((await timed('state', state)).project).toMatchObject({ items: count, labelled: count / 2 + 1, groups: 100 });
    expect((await timed('2,000 images', () => client.items.images({}))).length).toBe(2000);
    expect((await timed('classes', () => client.labels.classes()))[0].items).toBe(count / 2 + 1);
    await timed('plan', () => client.training.plan());
    await timed('remove 1,000', () => client.items.removeItems({ ids: ids.slice(0, 1000) }));
    console.log(`100,000 items, milliseconds: ${JSON.stringify(took)}`);
  });
});
