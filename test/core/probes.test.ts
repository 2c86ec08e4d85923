import { beforeAll, describe, expect, it } from 'vitest';
import { defaultProbeSettings, type ProbeSettings } from '../../main/contract/probes.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { int } from '../../main/engine/graph/attributes.ts';
import { currentSplit } from '../../main/evaluation/project-split.ts';
import { importItems } from '../../main/items/import.ts';
import { listClasses } from '../../main/labels/classes.ts';
import { labelItems } from '../../main/labels/label-items.ts';
import { addNetwork, copyNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import type { Project } from '../../main/projects/project.ts';
import { type Probed, probeNetwork } from '../../main/probing/probe.ts';
import { bestPoints, probedNetworks, probeReport } from '../../main/probing/report.ts';
import { sampleItems } from '../../main/probing/sample.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { addTinyNetwork, integrityOf, noisePng, valueOf, workshop, writeClasses } from '../support/core.ts';
import { NetworkBuilder } from '../support/networks.ts';
import { desk, openClasses } from '../support/studio.ts';

const work = workshop();
let studio: Studio;
let network: StoredNetwork;

/** Three convolutions with BatchNormalization, and a classifier. */
function normalisedNetwork(): Uint8Array {
  const net = new NetworkBuilder();
  let value = net.input();
  for (const at of [1, 2, 3])
    value = net.relu(`relu${at}`, net.norm(`bn${at}`, net.conv(`conv${at}`, value, 4 * at, { stride: 2 })));
  value = net.reshape('flatten', net.add('GlobalAveragePool', 'pool', [value]), [-1, 12]);
  value = net.add('Softmax', 'prob', [net.dense('fc', value, 12, 4)], { axis: int(1) });
  return writeModel(net.model(value, ['N', 4]));
}

beforeAll(async () => {
  studio = work.studio();
  const file = work.write('normalised.onnx', normalisedNetwork());
  network = await addNetwork(studio.libraryFolder, studio.trainer, file, { scaling: 'unit' });
});

async function projectOf(name: string, each = 20): Promise<Project> {
  await writeClasses(work.path(`${name}-images`), each);
  const project = work.project(name);
  await importItems(project, work.path(`${name}-images`), { labels: 'folders', group: 'image' });
  return project;
}

const settings: ProbeSettings = { ...defaultProbeSettings, folds: 4 };
const probeIn = (project: Project, changes: Partial<ProbeSettings> = {}, control = {}): Promise<Probed> =>
  probeNetwork(studio, project, { network, settings: { ...settings, ...changes }, device: 'cpu' }, control);

describe('the sample', () => {
  const items = Array.from({ length: 300 }, (_, at) => ({
    id: at + 1,
    stratum: at % 10 === 0 ? 1 : at % 100 === 5 ? 2 : 0,
    group: `slide ${at % 20}`,
  }));
  const countOf = (ids: readonly number[], stratum: number): number =>
    ids.filter((id) => items[id - 1].stratum === stratum).length;

  it('is all there is, where that is not too much', () => {
    expect(sampleItems(items, 300, 0)).toEqual(items.map(({ id }) => id));
  });

  it('keeps each class its share, and of a rare one all', () => {
    const ids = sampleItems(items, 150, 0);
    expect([0, 1, 2].map((stratum) => countOf(ids, stratum))).toEqual([134, 15, 3]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('takes one item of every group before a second of any', () => {
    const uneven = Array.from({ length: 1000 }, (_, at) => ({
      id: at + 1,
      stratum: 0,
      group: at < 900 ? 'large' : `small ${at % 20}`,
    }));
    const perGroup = Map.groupBy(sampleItems(uneven, 42, 3), (id) => uneven[id - 1].group);
    expect([...perGroup.values()].map((ids) => ids.length)).toEqual(Array(21).fill(2));
  });

  it('is drawn anew with another seed, and hardly changes with one item less', () => {
    const ids = sampleItems(items, 100, 0);
    expect(sampleItems(items, 100, 0)).toEqual(ids);
    expect(sampleItems(items, 100, 1)).not.toEqual(ids);
    const less = new Set(sampleItems(items.slice(0, -1), 100, 0));
    expect(ids.filter((id) => !less.has(id)).length).toBeLessThan(3);
  });
});

describe('the best freeze point', () => {
  const probed = (name: string, value: number | null, stale = false) => ({
    name,
    probe: {
      stale,
      macroF1: { value, low: value === null ? null : value - 0.0196, high: value === null ? null : value + 0.0196 },
    },
  });

  it('is that of the highest macro-F1; the earliest is the first within one standard error', () => {
    // Of ±0.0196 at 95% the standard error is 0.01.
    const points = [probed('a', 0.7), probed('b', 0.791), probed('c', 0.795), probed('d', 0.8), probed('e', 0.78)];
    expect(bestPoints(points)).toEqual({ best: 'd', earliest: 'b' });
    expect(bestPoints(points.with(1, probed('b', 0.789)))).toEqual({ best: 'd', earliest: 'c' });
  });

  it('is the first of equals, is not looked for among stale probes while others are fresh, and may be none', () => {
    expect(bestPoints([probed('a', 0.8), probed('b', 0.8)])).toEqual({ best: 'a', earliest: 'a' });
    expect(bestPoints([probed('a', 0.9, true), probed('b', 0.5)])).toEqual({ best: 'b', earliest: 'b' });
    expect(bestPoints([probed('a', 0.9, true)])).toEqual({ best: 'a', earliest: 'a' });
    expect(bestPoints([probed('a', null), { name: 'b', probe: null }])).toEqual({ best: null, earliest: null });
  });
});

describe('probing', () => {
  it('measures every freeze point and every layer, never on the test part, and the same twice', async () => {
    const project = await projectOf('measured');
    const { report, warnings, failures } = await probeIn(project);
    expect({ warnings, failures }).toEqual({ warnings: [], failures: [] });
    const { counts } = currentSplit(project);
    expect(counts.test).toBeGreaterThan(0);
    expect(report.points.map(({ name }) => name)).toEqual(network.info.freezePoints.map(({ name }) => name));
    expect(report.points.map(({ probe }) => probe?.dimensions)).toEqual([4, 8, 12]);
    for (const { probe, shift, layers } of report.points) {
      expect(probe).toMatchObject({ items: 40 - counts.test, groups: 40 - counts.test, folds: 4, stale: false });
      expect(probe!.macroF1.low!).toBeLessThanOrEqual(probe!.macroF1.value!);
      expect(layers).toHaveLength(1);
      expect(shift).toBe(layers[0].shift);
      expect(shift).toBeGreaterThan(0);
    }
    // Red and green are told apart by the mean of any colour channel.
    expect(report.points[0].probe!.macroF1.value).toBeGreaterThan(0.9);
    expect(report.points.map(({ probe }) => probe!.hScore === null)).toEqual([true, true, false]);
    expect(report.points.map(({ probe }) => probe!.logMe === null)).toEqual([true, true, false]);
    const last = report.points[2];
    await copyNetwork(network, project.networksFolder);
    expect(probedNetworks(project, settings)).toEqual([
      {
        hash: network.info.hash,
        name: 'normalised',
        best: { point: report.best, macroF1: report.points.find(({ name }) => name === report.best)!.probe!.macroF1 },
        hScore: last.probe!.hScore,
        logMe: last.probe!.logMe,
        stale: false,
      },
    ]);
    expect(report.shift).toMatchObject({ items: 40, layers: 3, stale: false });
    expect(report.best).not.toBeNull();

    project.database.exec('DELETE FROM probes; DELETE FROM shifts; DELETE FROM codes.codes');
    const again = await probeIn(project);
    const figures = ({ report: { points } }: Probed) =>
      points.map(({ probe, shift }) => [probe!.macroF1, probe!.accuracy, probe!.hScore, probe!.logMe, shift]);
    expect(figures(again)).toEqual(figures({ report, warnings, failures }));
    expect(integrityOf(project)).toEqual(['ok']);
  });

  it('computes only what is missing or stale; a changed label makes probes stale, and not the domain shift', async () => {
    const project = await projectOf('stale');
    const first = await probeIn(project);
    const created = (probed: { report: Probed['report'] }) => [
      ...probed.report.points.map(({ probe }) => probe?.created),
      probed.report.shift?.created,
    ];
    expect(created(await probeIn(project))).toEqual(created(first));

    const [{ name: gone }] = network.info.freezePoints;
    project.database.prepare('DELETE FROM probes WHERE point = ?').run(gone);
    const mended = await probeIn(project);
    expect(created(mended).slice(1)).toEqual(created(first).slice(1));
    expect(mended.report.points[0].probe!.macroF1).toEqual(first.report.points[0].probe!.macroF1);

    const { parts } = currentSplit(project);
    const used = [...parts].find(([, part]) => part !== 'test')![0];
    const [red, green] = listClasses(project).map(({ id }) => id);
    const isRed = valueOf(project, `SELECT class_id FROM labels WHERE item_id = ${used}`) === red;
    labelItems(project, [{ itemId: used, classId: isRed ? green : red }]);
    const report = probeReport(project, network, settings);
    expect(report.points.map(({ probe }) => probe!.stale)).toEqual([true, true, true]);
    expect(report.shift).toMatchObject({ stale: false });
    const fresh = await probeIn(project);
    expect(fresh.report.points.map(({ probe }) => probe!.stale)).toEqual([false, false, false]);
    expect(fresh.report.shift!.created).toBe(first.report.shift!.created);
    expect(valueOf(project, 'SELECT COUNT(*) FROM probes')).toBe(3);
  });

  it('is stale when images come, and keeps what was measured with other settings apart', async () => {
    const project = await projectOf('grown', 12);
    await probeIn(project);
    await probeIn(project, { pooling: 'avg+max' });
    expect(valueOf(project, 'SELECT COUNT(*) FROM probes')).toBe(6);
    expect(valueOf(project, 'SELECT COUNT(*) FROM shifts')).toBe(1);
    for (let at = 0; at < 8; at++) work.write(`grown-images/red/new${at}.png`, await noisePng(900 + at));
    await importItems(project, work.path('grown-images'), { labels: 'folders', group: 'image' });
    const report = probeReport(project, network, settings);
    expect(report.points.every(({ probe }) => probe!.stale)).toBe(true);
    expect(report.shift!.stale).toBe(true);
  });

  it('takes a sample of a large project, and computes the codes of no other items', async () => {
    const project = await projectOf('sampled', 40);
    const { report } = await probeIn(project, { items: 30 });
    expect(report.points[0].probe!.items).toBe(30);
    expect(valueOf(project, 'SELECT COUNT(DISTINCT item_id) FROM codes.codes')).toBe(30);
  });

  it('keeps what it has measured when it is cancelled, and goes on from there', async () => {
    const project = await projectOf('cancelled');
    const cancel = new AbortController();
    const probing = probeNetwork(
      studio,
      project,
      {
        network,
        settings,
        device: 'cpu',
        onResult: () => {
          if (valueOf(project, 'SELECT COUNT(*) FROM probes') === 1) cancel.abort();
        },
      },
      { signal: cancel.signal },
    );
    await expect(probing).rejects.toThrow();
    const kept = probeReport(project, network, settings).points[0].probe;
    expect(kept).not.toBeNull();
    const { report } = await probeIn(project);
    expect(report.points.every(({ probe }) => probe !== null)).toBe(true);
    expect(report.points[0].probe!.created).toBe(kept!.created);
  });

  it('says that the domain shift cannot be measured without statistics to compare with', async () => {
    const project = await projectOf('plain', 10);
    const plain = await addTinyNetwork(work, studio);
    const { report } = await probeNetwork(studio, project, { network: plain, settings, device: 'cpu' });
    expect(report.shift).toMatchObject({ layers: 0 });
    expect(report.points.map(({ shift }) => shift)).toEqual(report.points.map(() => null));
    expect(report.points.every(({ probe }) => probe !== null)).toBe(true);
    for (const one of [plain, network]) await copyNetwork(one, project.networksFolder);
    expect(probedNetworks(project, settings).map(({ name }) => name)).toEqual(['tiny']);
    await probeIn(project);
    expect(new Set(probedNetworks(project, settings).map(({ name }) => name))).toEqual(new Set(['tiny', 'normalised']));
  });

  it('lists items that cannot be read, and probes with the others', async () => {
    const project = await projectOf('unread', 10);
    project.database.prepare('UPDATE images SET path = ? WHERE id = 1').run(work.path('nowhere.png'));
    const { report, failures } = await probeIn(project);
    expect(failures.map(({ id }) => id)).toEqual([1]);
    expect(report.shift!.items).toBe(19);
    expect(report.points.every(({ probe }) => probe !== null)).toBe(true);
  });

  it('divides the only group that is left outside the test, and warns of it', async () => {
    const project = await projectOf('one group', 10);
    project.database.exec("UPDATE items SET group_name = CASE WHEN id % 2 = 0 THEN 'one' ELSE 'other' END");
    const { report, warnings } = await probeIn(project);
    expect(report.points[0].probe).toMatchObject({ items: 10, groups: 10, folds: 4 });
    expect(warnings.join()).toMatch(/one group/);
  });

  it('needs two classes, and groups that can be held out, and says so before anything is computed', async () => {
    const project = await projectOf('nothing to hold out', 6);
    // A class, a group: nothing could be learnt of a class that is held out.
    project.database.exec('UPDATE items SET group_name = (SELECT class_id FROM labels WHERE item_id = items.id)');
    project.database.exec("UPDATE items SET part = 'train'");
    await expect(probeIn(project)).rejects.toThrow(/two groups/);
    project.database.exec('UPDATE items SET group_name = NULL');
    const { id } = listClasses(project)[0];
    const all = project.database.prepare<[], number>('SELECT id FROM items').pluck().all();
    labelItems(
      project,
      all.map((itemId) => ({ itemId, classId: id })),
    );
    await expect(probeIn(project)).rejects.toThrow(/two classes/);
    expect(valueOf(project, 'SELECT COUNT(*) FROM codes.codes')).toBe(0);
  });
});

describe('the screens', () => {
  it('start probing, are told of each result, and see what goes stale', async () => {
    const own = desk(work, work.path('screens-data'), { box: false });
    const { client, state, done } = own;
    await client.projects.create({ folder: work.path('no-network') });
    expect(await client.probes.get({ network: null })).toBeNull();
    await openClasses(work, own, 'probed', 10);
    const before = await client.probes.get({ network: null });
    expect(before).toMatchObject({ best: null, earliest: null, shift: null });
    expect(before!.points.every(({ probe, shift }) => probe === null && shift === null)).toBe(true);

    const { revisions } = await state();
    const started = await client.probes.start({ network: null, device: 'cpu' });
    expect((await state()).jobs.find(({ id }) => id === started.job)).toMatchObject({ kind: 'probe' });
    await done(started);
    expect((await state()).revisions.probes).toBe(revisions.probes + before!.points.length + 1);
    const after = await client.probes.get({ network: before!.network.hash });
    expect(after!.points.every(({ probe }) => probe?.stale === false)).toBe(true);
    expect(after!.best).not.toBeNull();
    const compared = await client.probes.networks({});
    expect(compared).toMatchObject([{ hash: before!.network.hash, best: { point: after!.best }, stale: false }]);

    const { id: other } = await client.labels.createClass({ name: 'other' });
    await client.labels.set({ ids: await client.items.query({ filter: {}, order: { by: 'number' } }), classId: other });
    const stale = await client.probes.get({ network: null });
    expect(stale!.points.every(({ probe }) => probe?.stale)).toBe(true);
  });
});
