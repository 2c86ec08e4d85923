import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { advise } from '../../main/advisor/advise.ts';
import { measureForAdvice } from '../../main/advisor/measure.ts';
import { usePlan } from '../../main/advisor/use-plan.ts';
import { defaultProbeSettings, type ProbeSettings } from '../../main/contract/probes.ts';
import { createRandom } from '../../main/engine/random.ts';
import { importItems } from '../../main/items/import.ts';
import { listClasses } from '../../main/labels/classes.ts';
import { labelItems } from '../../main/labels/label-items.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { networkAtHand } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import { getSetting } from '../../main/projects/settings.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { addTinyNetwork, noisePng, tinyNetwork, valueOf, workshop, writeClasses } from '../support/core.ts';
import { desk, openClasses, sentence } from '../support/studio.ts';

const work = workshop();
let studio: Studio;
let network: StoredNetwork;
const settings: ProbeSettings = { ...defaultProbeSettings, folds: 4 };

beforeAll(async () => {
  studio = work.studio();
  network = await addTinyNetwork(work, studio);
});

async function colours(name: string, each = 20): Promise<Project> {
  await writeClasses(work.path(`${name}-images`), each);
  const project = work.project(name);
  await importItems(project, work.path(`${name}-images`), { labels: 'folders', group: 'image' });
  return project;
}

/** Stripes that lie or stand: what is turned by a quarter is of the other class. */
async function stripes(name: string, each = 20): Promise<Project> {
  const size = 24;
  for (const [label, across] of [
    ['lying', false],
    ['standing', true],
  ] as const) {
    mkdirSync(work.path(`${name}-images`, label), { recursive: true });
    for (let at = 0; at < each; at++) {
      const data = Uint8Array.from({ length: size * size * 3 }, (_, place) => {
        const pixel = Math.floor(place / 3);
        const along = across ? pixel % size : Math.floor(pixel / size);
        return (Math.floor((along + at) / 2) % 2 ? 210 : 40) + ((place * 7 + at * 13) % 23);
      });
      const png = await sharp(data, { raw: { width: size, height: size, channels: 3 } })
        .png()
        .toBuffer();
      writeFileSync(work.path(`${name}-images`, label, `${at}.png`), png);
    }
  }
  const project = work.project(name);
  await importItems(project, work.path(`${name}-images`), { labels: 'folders', group: 'image' });
  return project;
}

const measure = (project: Project, own = network) =>
  measureForAdvice(studio, project, { network: own, settings, device: 'cpu' });
const adviceOf = (project: Project, own = network) => advise(project, { network: own, settings, device: 'cpu' });

describe('advice', () => {
  it('says what it would measure, and plans by the number of items meanwhile', async () => {
    const project = await colours('unmeasured');
    const advice = await adviceOf(project);
    expect(advice.quadrant).toMatchObject({ difference: null, scenario: null });
    expect(advice.plan).toMatchObject({ sureness: 'preliminary', settings: { method: 'softmax' } });
    expect(advice.missing).toHaveLength(4);
    expect(valueOf(project, 'SELECT COUNT(*) FROM codes.codes')).toBe(0);
    const empty = await adviceOf(work.project('empty'));
    expect(empty).toMatchObject({ plan: null, warnings: [] });
    expect(empty.obstacle).toMatch(/Nothing is labelled/);
  });

  it('is measured once, and anew where labels changed', async () => {
    const project = await colours('measured');
    await measure(project);
    const advice = await adviceOf(project);
    // The tiny network keeps no statistics: there is no shift to measure.
    expect(advice).toMatchObject({ missing: [], similarity: { shift: null, shiftMeasurable: false } });
    expect(advice.plan).toMatchObject({ settings: { method: 'softmax', size: null, seed: 0 } });
    expect(advice.plan!.expected.low).toBeGreaterThan(0.9);
    const created = valueOf(project, `SELECT created FROM measurements WHERE kind = 'turning'`);
    await measure(project);
    expect(valueOf(project, `SELECT created FROM measurements WHERE kind = 'turning'`)).toBe(created);

    const [red, green] = listClasses(project);
    const itemId = Number(valueOf(project, `SELECT item_id FROM labels WHERE class_id = ${red.id} LIMIT 1`));
    labelItems(project, [{ itemId, classId: green.id }]);
    const stale = await adviceOf(project);
    expect(stale.similarity.probes?.stale).toBe(true);
    expect(stale.plan?.sureness).toBe('low');
    expect(stale.missing.every((text) => text.endsWith('labels or items changed'))).toBe(true);
    await measure(project);
    expect((await adviceOf(project)).missing).toEqual([]);
  });

  it('knows whether the classes depend on how an item lies', async () => {
    const plain = await colours('plain');
    await measure(plain);
    const { turning: harmless } = (await adviceOf(plain)).similarity;
    expect(harmless!.turned).toBeGreaterThan(harmless!.upright - 0.1);
    const striped = await stripes('striped');
    await measure(striped);
    const { turning } = (await adviceOf(striped)).similarity;
    expect(turning!.upright).toBeGreaterThan(0.9);
    // Of the three ways to turn, one leaves stripes as they lie.
    expect(turning!.turned).toBeCloseTo(turning!.upright / 3, 0);
    expect(turning!.items).toBe(turning!.groups);
  });

  it('finds test items that look the same as others, and not those that are known to belong together', async () => {
    const rows = ['image,label,split,group'];
    for (const [number, name] of ['red', 'green'].entries())
      for (let at = 0; at < 20; at++) {
        const image = `${name}-${at}.png`;
        const random = createRandom(100 * number + at);
        const colour = Array.from({ length: 3 }, (_, channel) => (channel === number ? 200 : 40 + random.integer(120)));
        work.write(join('copied', image), await noisePng(100 * number + at, { colour }));
        rows.push(`${image},${name},${at < 5 ? 'test' : at < 10 ? 'validation' : 'train'},${name} ${at}`);
      }
    // One copy by itself, and one of the same group.
    for (const [copy, group] of [
      ['red-0', 'elsewhere'],
      ['green-0', 'green 0'],
    ]) {
      const brighter = await sharp(work.path('copied', `${copy}.png`))
        .linear(1, 1)
        .png()
        .toBuffer();
      work.write(join('copied', `${copy}-copy.png`), brighter);
      rows.push(`${copy}-copy.png,${copy.split('-')[0]},train,${group}`);
    }
    const project = work.project('copied');
    await importItems(project, work.write(join('copied', 'labels.csv'), rows.join('\n')), { group: 'column' });
    await measure(project);
    const found = (await adviceOf(project)).warnings.find(({ kind }) => kind === 'lookalikes');
    const nameOf = (id: number) =>
      String(valueOf(project, `SELECT name FROM items JOIN images ON images.id = image_id WHERE items.id = ${id}`));
    const ids = [...(found?.text ?? '').matchAll(/item (\d+)/g)].map(([, id]) => nameOf(Number(id)));
    expect(ids).toEqual(['red-0.png', 'red-0-copy.png']);
  });

  it('advises the network that did better, unless one was named', async () => {
    const project = await colours('networks', 12);
    await measure(project, await networkAtHand(studio, project, network.info.hash));
    const added = await addNetwork(studio.libraryFolder, studio.trainer, work.write('wide.onnx', tinyNetwork(4)), {
      scaling: 'unit',
    });
    const other = await networkAtHand(studio, project, added.info.hash);
    await measure(project, other);
    // As if the first had known half as much.
    project.database
      .prepare(`UPDATE probes SET result = json_set(result, '$.macroF1', json(?)) WHERE network = ?`)
      .run(JSON.stringify({ value: 0.4, low: 0.3, high: 0.5 }), network.info.hash);
    expect((await adviceOf(project)).plan?.network.name).toBe('wide');
    const named = await advise(project, { network, named: true, settings });
    expect(named.plan?.network.name).toBe('tiny');
    expect(named.plan?.choices.find(({ topic }) => topic === 'network')?.reason).toMatch(/^As asked for; but wide/);
    const plan = await usePlan(studio, project, { network, settings });
    expect(getSetting(project, 'network')).toBe(other.info.hash);
    expect(plan.settings).toMatchObject({ method: 'softmax', point: getSetting(project, 'point') });
    expect(getSetting(project, 'training')).toEqual(plan.settings);
  });

  it('says how long a fine-tuning takes, once that was measured', async () => {
    // Many items that nothing tells apart: there is all to gain.
    await writeClasses(work.path('many-images'), 180, { one: [120, 120, 120], other: [120, 120, 120] });
    const project = work.project('many');
    await importItems(project, work.path('many-images'), { labels: 'folders', group: 'image' });
    const before = await adviceOf(project);
    expect(before).toMatchObject({ seconds: null, plan: { settings: { method: 'fine-tune', device: 'cpu' } } });
    expect(before.missing.at(-1)).toBe('How long it takes on this machine');
    await measure(project);
    const after = await adviceOf(project);
    expect(after).toMatchObject({ missing: [], plan: { settings: { method: 'fine-tune' } } });
    expect(after.seconds).toBeGreaterThan(0);
  });

  it('keeps what was measured when it is cancelled', async () => {
    const project = await colours('cancelled', 10);
    const cancel = new AbortController();
    const measuring = measureForAdvice(
      studio,
      project,
      { network, settings, device: 'cpu', onResult: () => cancel.abort() },
      { signal: cancel.signal },
    );
    await expect(measuring).rejects.toThrow();
    expect((await adviceOf(project)).missing).toHaveLength(3);
    await measure(project);
    expect((await adviceOf(project)).missing).toEqual([]);
  });
});

describe('the screens', () => {
  it('measure, are told of it, use the plan, and find it again where training starts', async () => {
    const own = desk(work, work.path('screens-data'), { box: false });
    const { client, state, done } = own;
    await client.projects.create({ folder: work.path('no-network') });
    expect(await client.advice.get({ network: null })).toBeNull();
    await openClasses(work, own, 'advised', 12);
    const before = await client.advice.get({ network: null });
    expect(before).toMatchObject({ plan: { sureness: 'preliminary' } });
    expect(await client.training.plan()).toMatchObject({ settings: null });
    const { revisions } = await state();
    const started = await client.advice.measure({ network: null, device: 'cpu' });
    await done(started);
    expect((await state()).revisions.probes).toBeGreaterThan(revisions.probes);
    const after = await client.advice.get({ network: before!.network.hash });
    expect(after).toMatchObject({
      missing: [],
      plan: { sureness: expect.not.stringMatching('preliminary') as string },
    });

    await client.advice.use({ network: null });
    const { settings: used } = await client.training.plan();
    expect(used).toEqual(after!.plan!.settings);
    expect((await state()).project?.network?.point).toBe(used?.method === 'softmax' ? used.point : null);
    await done(await client.training.start(used!));
    const [{ config }] = await client.training.runs();
    expect(config).toMatchObject({ method: 'softmax', point: used?.method === 'softmax' ? used.point : null });

    // What was started last is what is shown next, as long as the network has its freeze point.
    await client.training.start({ ...used!, seed: 7 });
    expect((await client.training.plan()).settings?.seed).toBe(7);
  });

  it('refuse to use a plan where there is none', async () => {
    const own = desk(work, work.path('refusing-data'));
    await openClasses(work, own, 'refusing', 2);
    const { client } = own;
    await client.labels.set({ ids: await client.items.query({ filter: {}, order: { by: 'number' } }), classId: null });
    expect(await sentence(client.advice.use({ network: null }))).toMatch(/Nothing is labelled/);
  });
});
