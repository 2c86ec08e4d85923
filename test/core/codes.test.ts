import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { computeCodes, type CodesReport } from '../../main/codes/compute.ts';
import { distancesInSet, nearestItems, nearestOfMany } from '../../main/codes/neighbours.ts';
import type { Pooling } from '../../main/contract/networks.ts';
import { readCodes } from '../../main/database/codes.ts';
import { openForReading } from '../../main/database/open.ts';
import type { Neighbour } from '../../main/database/search-threads.ts';
import { importItems } from '../../main/items/import.ts';
import { addNetwork, type StoredNetwork } from '../../main/networks/library.ts';
import { selectPoints, useNetwork } from '../../main/networks/project-network.ts';
import type { Project } from '../../main/projects/project.ts';
import { setSetting } from '../../main/projects/settings.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { addTinyNetwork, integrityOf, noisePng, workshop } from '../support/core.ts';
import { tiff } from '../support/image-files.ts';

const work = workshop();
let studio: Studio;
let network: StoredNetwork;

beforeAll(async () => {
  studio = work.studio();
  network = await addTinyNetwork(work, studio);
});

async function codesOf(project: Project, at = 'last', pooling: Pooling = 'avg', size = 32): Promise<CodesReport> {
  return computeCodes(studio, project, { network, points: selectPoints(network, at), pooling, size, device: 'cpu' });
}

/** The codes of a set by item. */
function readSet(project: Project, setId: number): Map<number, number[]> {
  const database = openForReading(project.codesFile);
  const { ids, dimensions, matrix } = readCodes(database, setId);
  database.close();
  return new Map(ids.map((id, row) => [id, [...matrix.subarray(row * dimensions, (row + 1) * dimensions)]]));
}

/** A project of some images in a folder of its name, numbered from 1. */
async function projectOf(name: string, count: number): Promise<Project> {
  for (let at = 1; at <= count; at++) work.write(`${name}/${at}.png`, await noisePng(at));
  const project = work.project(name);
  await importItems(project, work.path(name));
  return project;
}

describe('CNN codes', () => {
  it('are computed where they are missing, and only there', async () => {
    const project = await projectOf('missing', 5);
    const first = await codesOf(project);
    expect(first).toMatchObject({ computed: 5, failures: [], device: 'CPU, as asked for' });
    expect(first.sets).toEqual([{ id: 1, point: network.info.freezePoints.at(-1)!.name, dimensions: 16 }]);
    const before = readSet(project, 1);
    expect(await codesOf(project)).toEqual({ sets: first.sets, computed: 0, failures: [] });
    work.write('missing/6.png', await noisePng(6));
    await importItems(project, work.path('missing'));
    expect((await codesOf(project)).computed).toBe(1);
    const after = readSet(project, 1);
    expect(after.size).toBe(6);
    for (const [id, code] of before) expect(after.get(id)).toEqual(code);
    expect(after.get(6)!.every(Number.isFinite)).toBe(true);
    expect(after.get(6)).not.toEqual(after.get(5));
  });

  it('at several points come of one pass, the same as one by one', async () => {
    const project = await projectOf('points', 3);
    const names = network.info.freezePoints.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(1);
    const alone = await codesOf(project, names[0]);
    const all = await codesOf(project, 'all');
    expect(all.computed).toBe(3);
    expect(all.sets.map(({ point }) => point)).toEqual(names);
    const others = work.project('points one by one');
    await importItems(others, work.path('points'));
    for (const [index, name] of names.entries()) {
      const { sets } = await codesOf(others, name);
      expect(readSet(others, sets[0].id)).toEqual(readSet(project, all.sets[index].id));
    }
    expect(all.sets[0]).toEqual(alone.sets[0]);
  });

  it('of another pooling or input size are sets of their own', async () => {
    const project = await projectOf('poolings', 2);
    const point = network.info.freezePoints.find(({ kind }) => kind === 'spatial')!;
    const lengths = [];
    for (const pooling of ['avg', 'avg+max', 'pyramid'] as const) {
      const { sets, computed } = await codesOf(project, point.name, pooling);
      lengths.push([sets[0].id, sets[0].dimensions / point.shape[0], computed]);
    }
    expect(lengths).toEqual([
      [1, 1, 2],
      [2, 2, 2],
      [3, 4, 2],
    ]);
    expect((await codesOf(project, point.name, 'avg', 48)).sets[0].id).toBe(4);
    expect((await codesOf(project, point.name)).computed).toBe(0);
  });

  it('are made anew for the items whose display limits or crop changed, and for no others', async () => {
    const deep = (name: string, offset: number): string =>
      work.write(
        `changed/${name}`,
        tiff([{ width: 40, height: 30, samples: Uint16Array.from({ length: 1200 }, (_, at) => offset + at) }]),
      );
    deep('a.tif', 100);
    deep('b.tif', 5000);
    work.write('changed/c.png', await noisePng(1, { width: 60, height: 60 }));
    const source = work.write(
      'changed/cells.csv',
      'image,x,y,width,height\na.tif,,,,\nb.tif,,,,\nc.png,5,5,20,20\nc.png,30,30,20,20\n',
    );
    const project = work.project('changed');
    await importItems(project, source);
    const { sets } = await codesOf(project);
    const first = readSet(project, sets[0].id);
    setSetting(project, 'displayLimits', { low: 0, high: 65535 });
    expect((await codesOf(project)).computed).toBe(2);
    const second = readSet(project, sets[0].id);
    const changed = [...first].filter(([id, code]) => String(code) !== String(second.get(id))).map(([id]) => id);
    expect(changed).toEqual([1, 2]);
    setSetting(project, 'displayLimits', null);
    await codesOf(project);
    expect(readSet(project, sets[0].id)).toEqual(first);
    project.database.exec('UPDATE items SET margin = 0.5 WHERE id = 4');
    expect((await codesOf(project)).computed).toBe(1);
    expect(readSet(project, sets[0].id).get(3)).toEqual(first.get(3));
    expect(readSet(project, sets[0].id).get(4)).not.toEqual(first.get(4));
  });

  it('of images that cannot be read are reported, and the others done', async () => {
    const project = await projectOf('unreadable', 6);
    const truncated = await noisePng(3);
    writeFileSync(work.path('unreadable', '3.png'), truncated.subarray(0, 200));
    rmSync(work.path('unreadable', '4.png'));
    writeFileSync(work.path('unreadable', '5.png'), await noisePng(55));
    utimesSync(work.path('unreadable', '6.png'), 1, 1);
    const report = await codesOf(project);
    expect(report.computed).toBe(3);
    expect([...report.failures].sort((a, b) => a.id - b.id)).toEqual([
      { id: 3, reason: expect.stringMatching(/3\.png: The file was changed since it was imported/) as string },
      { id: 4, reason: expect.stringMatching(/4\.png: There is no such file or folder\./) as string },
      { id: 5, reason: expect.stringMatching(/5\.png: The file was changed since it was imported/) as string },
    ]);
    expect([...readSet(project, 1).keys()]).toEqual([1, 2, 6]);
    writeFileSync(work.path('unreadable', '3.png'), truncated);
    expect(await codesOf(project)).toMatchObject({ computed: 1, failures: [{ id: 4 }, { id: 5 }] });
  });

  it('that no longer fit are not kept for an item that has become unreadable', async () => {
    const project = await projectOf('stale', 3);
    const { sets } = await codesOf(project);
    await nearestItems(project, sets[0].id, 1, 1);
    project.database.exec('UPDATE items SET margin = 0.5');
    rmSync(work.path('stale', '2.png'));
    expect(await codesOf(project)).toMatchObject({ computed: 2, failures: [{ id: 2 }] });
    expect([...readSet(project, sets[0].id).keys()]).toEqual([1, 3]);
    expect((await nearestItems(project, sets[0].id, 1, 5)).map(({ itemId }) => itemId)).toEqual([3]);
  });

  it('are computed again after the cache was deleted', async () => {
    const project = await projectOf('deleted', 2);
    await codesOf(project);
    project.close();
    rmSync(project.cacheFolder, { recursive: true });
    expect((await codesOf(work.reopen(project))).computed).toBe(2);
  });
});

describe('a network in a project', () => {
  it('follows its namesake in the library when that is told another preprocessing', async () => {
    const project = work.project('told again');
    const own = work.studio();
    const file = work.path('tiny.onnx');
    const library = work.path('told again library');
    await addNetwork(library, own.trainer, file, { scaling: 'unit' });
    const shared = { ...own, libraryFolder: library };
    expect((await useNetwork(shared, project, 'tiny')).info.preprocessing.range).toEqual([0, 1]);
    await addNetwork(library, own.trainer, file, { scaling: 'tf' });
    expect((await useNetwork(shared, project, 'tiny')).info.preprocessing.range).toEqual([-1, 1]);
    expect((await useNetwork(shared, project)).info.preprocessing.range).toEqual([-1, 1]);
  });
});

describe('nearest neighbours', () => {
  const items = 150;
  let project: Project;
  let setId: number;

  beforeAll(async () => {
    work.write('near/slide.png', await noisePng(7, { width: 300, height: 200 }));
    const rows = Array.from(
      { length: items },
      (_, at) => `slide.png,${(at % 25) * 11},${Math.floor(at / 25) * 30},${10 + (at % 7)},14`,
    );
    project = work.project('near');
    await importItems(project, work.write('near/cells.csv', `image,x,y,width,height\n${rows.join('\n')}\n`));
    ({
      sets: [{ id: setId }],
    } = await codesOf(project));
  });

  /** By the definition, one pair after the other, in double precision. */
  function bruteForce(codes: ReadonlyMap<number, number[]>, itemId: number, k: number): Neighbour[] {
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * b[at], 0);
    const own = codes.get(itemId)!;
    return [...codes]
      .filter(([id]) => id !== itemId)
      .map(([id, code]) => ({
        itemId: id,
        distance: 1 - dot(own, code) / Math.sqrt(dot(own, own) * dot(code, code)),
      }))
      .sort((a, b) => a.distance - b.distance)
      .slice(0, k);
  }

  /** Items of nearly the same distance may stand in either order: single precision decides between them. */
  function expectNearest(found: readonly Neighbour[], codes: ReadonlyMap<number, number[]>, itemId: number): void {
    const all = bruteForce(codes, itemId, items);
    const distanceOf = new Map(all.map((one) => [one.itemId, one.distance]));
    for (const [at, { itemId: id, distance }] of found.entries()) {
      expect(distance).toBeCloseTo(all[at].distance, 5);
      expect(distance).toBeCloseTo(distanceOf.get(id)!, 5);
    }
    expect(new Set(found.map(({ itemId: id }) => id)).size).toBe(found.length);
  }

  it('are those that comparing all pairs finds, for one item and for many', async () => {
    const codes = readSet(project, setId);
    const asked = [1, 2, 77, items];
    const many = await nearestOfMany(studio, project, setId, asked, 12);
    expect([...many.keys()]).toEqual(asked);
    for (const id of asked) {
      expectNearest(await nearestItems(project, setId, id, 12), codes, id);
      expectNearest(many.get(id)!, codes, id);
      expect(many.get(id)).toHaveLength(12);
    }
  });

  it('stay right when codes are made anew', async () => {
    await nearestItems(project, setId, 1, 1);
    project.database.exec('UPDATE items SET margin = 0.6 WHERE id % 3 = 0');
    expect((await codesOf(project)).computed).toBe(items / 3);
    const codes = readSet(project, setId);
    for (const id of [3, 4, 90]) expectNearest(await nearestItems(project, setId, id, 20), codes, id);
    expect(integrityOf(project)).toEqual(['ok']);
  });

  it('and all others are as far as comparing all pairs says; a code of zeros is as far as what has nothing in common', async () => {
    const codes = readSet(project, setId);
    const distances = (await distancesInSet(project, setId, 77))!;
    expect([...distances.keys()].toSorted((a, b) => a - b)).toEqual([...codes.keys()]);
    for (const { itemId, distance } of bruteForce(codes, 77, items))
      expect(distances.get(itemId)).toBeCloseTo(distance, 5);
    const own = codes.get(5)!;
    project.database
      .prepare('UPDATE codes.codes SET vector = ? WHERE set_id = ? AND item_id = 5')
      .run(Buffer.alloc(own.length * 4), setId);
    expect((await distancesInSet(project, setId, 77))!.get(5)).toBe(1);
    expect(await distancesInSet(project, setId, 9999)).toBe(undefined);
  });

  it('may be asked for beyond what there is', async () => {
    expect(await nearestItems(project, setId, 1, 1000)).toHaveLength(items - 1);
    expect([...(await nearestOfMany(studio, project, setId, [], 5))]).toEqual([]);
    expect([...(await nearestOfMany(studio, project, setId, [9999], 5))]).toEqual([]);
    await expect(nearestItems(project, setId, 9999, 5)).rejects.toThrow('Item 9999 has no codes');
  });
});
