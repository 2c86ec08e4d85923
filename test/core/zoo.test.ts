import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { ZooEntry } from '../../main/contract/zoo.ts';
import { speedClass } from '../../main/contract/zoo.ts';
import { takeLock } from '../../main/database/lock.ts';
import { listNetworks } from '../../main/networks/library.ts';
import { zoo } from '../../main/networks/zoo/catalogue.ts';
import { zooEntries } from '../../main/networks/zoo/entries.ts';
import { getFromZoo, listZoo } from '../../main/networks/zoo/get.ts';
import { refusalOf, tinyNetwork, workshop } from '../support/core.ts';
import { answer, cutAfter, fileServer } from '../support/file-server.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';
import { desk, sentence } from '../support/studio.ts';

const work = workshop();

/** An entry for a tiny network that a server on this computer has. */
function entryFor(id: string, content: Uint8Array, address: string, changes: Partial<ZooEntry> = {}): ZooEntry {
  return {
    ...zoo[0],
    id,
    name: `Tiny ${id}`,
    file: `${id}.onnx`,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    addresses: [`${address}${id}.onnx`],
    ...changes,
  };
}

let count = 0;
/** A data folder of its own whose zoo has entries beside the published ones. */
function dataFolderWith(entries: readonly unknown[]): string {
  const name = `data-${count++}`;
  work.write(join(name, 'zoo.json'), JSON.stringify(entries));
  return work.path(name);
}

describe('the catalogue', () => {
  it('has one entry for each network, whose addresses are safe and whose preprocessing has a source', () => {
    expect(new Set(zoo.map(({ id }) => id)).size).toBe(zoo.length);
    expect(new Set(zoo.map(({ sha256 }) => sha256)).size).toBe(zoo.length);
    for (const entry of zoo) {
      expect(entry.addresses.every((address) => address.startsWith('https://') && address.endsWith(entry.file))).toBe(
        true,
      );
      expect(entry.scalingSource).toMatch(/(ONNX|Open) Model Zoo’s page of .*(RGB|BGR)/);
      expect(entry.scaling.channels).toBe(entry.scalingSource.includes('BGR') ? 'bgr' : 'rgb');
      // Weights are what a file is made of.
      expect(entry.bytes / (4 * entry.parameters)).toBeGreaterThan(0.95);
      expect(entry.bytes / (4 * entry.parameters)).toBeLessThan(1.08);
    }
    expect(zoo.map(({ multiplyAdds }) => speedClass(multiplyAdds))).toContain('slow');
  });

  describeWithShared('and the manifest', () => {
    it('agree on every file', () => {
      interface Published {
        readonly file: string;
        readonly path: string;
        readonly bytes: number;
        readonly sha256: string;
      }
      const { models } = JSON.parse(readFileSync(join(sharedFolder, 'models/zoo.json'), 'utf8')) as {
        models: Published[];
      };
      for (const { file, bytes, sha256, addresses } of zoo) {
        const published = models.find((model) => model.file === file)!;
        expect({ bytes, sha256 }).toEqual({ bytes: published.bytes, sha256: published.sha256 });
        expect(addresses[1].endsWith(published.path)).toBe(true);
      }
    });
  });

  it('is added to by the data folder’s own file, which is checked', () => {
    const good = entryFor('institute', tinyNetwork(), 'https://example.org/');
    expect(zooEntries(dataFolderWith([good])).at(-1)).toEqual(good);
    const refused = (entry: unknown): string | undefined => refusalOf(() => zooEntries(dataFolderWith([good, entry])));
    expect(refused({ ...good, id: 'b', file: '../../b.onnx' })).toMatch(/zoo\.json: Its entry 2 .* file: /);
    expect(refused({ ...good, id: 'b', addresses: ['http://example.org/b.onnx'] })).toMatch(/entry 2 .* addresses/);
    expect(refused({ ...good, id: 'b', sha256: 'x' })).toMatch(/entry 2 .* sha256/);
    expect(refused(good)).toMatch(/The id institute is there twice/);
    const folder = dataFolderWith([]);
    writeFileSync(join(folder, 'zoo.json'), '{');
    expect(refusalOf(() => zooEntries(folder))).toMatch(/zoo\.json: It cannot be read/);
  });
});

describe('a network of the zoo', () => {
  it('is fetched on demand alone, added with its documentation’s preprocessing, and not fetched twice', async () => {
    const content = tinyNetwork(5);
    const server = await fileServer(Buffer.from(content));
    const own = desk(work, dataFolderWith([entryFor('first', content, server.address)]), { box: false });
    const { client, done, studio } = own;
    expect((await client.networks.zoo()).at(-1)).toMatchObject({ id: 'first', network: null, fetched: 0 });
    expect(server.asked).toEqual([]);
    server.next.push(cutAfter(1000));
    await done(await client.networks.get({ id: 'first', from: null }));
    const [network] = await client.networks.list();
    expect(network).toMatchObject({
      name: 'Tiny first',
      classes: 4,
      preprocessing: { mean: zoo[0].scaling.mean },
      preprocessingSource: zoo[0].scalingSource,
      publication: { zoo: 'first', licence: zoo[0].licence },
    });
    expect((await client.networks.zoo()).at(-1)).toMatchObject({ network: network.hash, fetched: 0 });
    expect(
      readdirSync(join(studio.libraryFolder, 'downloads')).filter(
        (name) => name.includes('.onnx') && !name.includes('.lock'),
      ),
    ).toEqual([]);
    await done(await client.networks.get({ id: 'first', from: null }));
    expect(server.asked).toHaveLength(2);
  });

  it('that is asked for twice at once is fetched once', async () => {
    const content = tinyNetwork(6);
    const server = await fileServer(Buffer.from(content));
    const { client, done } = desk(work, dataFolderWith([entryFor('twice', content, server.address)]), { box: false });
    const [one, two] = await Promise.all([0, 1].map(() => client.networks.get({ id: 'twice', from: null })));
    expect(two).toEqual(one);
    await done(one);
    expect(server.asked).toHaveLength(1);
    expect(await client.networks.list()).toHaveLength(1);
  });

  it('that another program is fetching is not fetched beside it', async () => {
    const content = tinyNetwork(6);
    const server = await fileServer(Buffer.from(content));
    const { client, over, studio } = desk(work, dataFolderWith([entryFor('locked', content, server.address)]), {
      box: false,
    });
    work.write(join(studio.libraryFolder.slice(work.folder.length + 1), 'downloads', 'x'), '');
    const lock = takeLock(join(studio.libraryFolder, 'downloads', 'locked.onnx.lock'), 'It');
    const refused = await over(await client.networks.get({ id: 'locked', from: null }));
    expect(refused).toMatchObject({ status: 'failed' });
    expect(refused.error).toMatch(/The download of Tiny locked is open in another program/);
    lock.release();
    expect(server.asked).toEqual([]);
  });

  it('runs beside the project’s jobs, stays when the project is closed, and goes on where it was cancelled', async () => {
    const content = tinyNetwork(7);
    const server = await fileServer(Buffer.from(content));
    const { client, over, done, state, studio } = desk(
      work,
      dataFolderWith([entryFor('slow', content, server.address)]),
    );
    await client.projects.create({ folder: work.path('closed') });
    const { promise: sent, resolve } = Promise.withResolvers<undefined>();
    server.next.push((_request, response, whole) => {
      response.writeHead(200, { 'content-length': whole.length, etag: '"one"' });
      response.write(whole.subarray(0, 2000), () => setTimeout(() => resolve(undefined), 100));
    });
    const started = await client.networks.get({ id: 'slow', from: null });
    await sent;
    await client.projects.close();
    expect((await state()).jobs).toMatchObject([{ kind: 'get-network', status: 'running' }]);
    expect(await sentence(client.networks.forgetDownload({ id: 'slow' }))).toMatch(/Cancel that first/);
    await client.studio.cancelJob({ id: started.job });
    expect(await over(started)).toMatchObject({ status: 'cancelled' });
    expect((await client.networks.zoo()).at(-1)).toMatchObject({ network: null, fetched: 2000 });
    await done(await client.networks.get({ id: 'slow', from: null }));
    expect(server.asked.at(-1)).toMatchObject({ range: 'bytes=2000-' });

    server.next.push(cutAfter(500), answer(403));
    await client.networks.remove({ hash: listNetworks(studio.libraryFolder)[0].info.hash });
    expect(await over(await client.networks.get({ id: 'slow', from: null }))).toMatchObject({ status: 'failed' });
    expect((await client.networks.zoo()).at(-1)).toMatchObject({ fetched: 500 });
    await client.networks.forgetDownload({ id: 'slow' });
    expect((await client.networks.zoo()).at(-1)).toMatchObject({ fetched: 0 });
  });

  it('comes from a mirror or a file instead, which must be the published one', async () => {
    const content = tinyNetwork(9);
    const nowhere = entryFor('moved', content, 'https://example.invalid/');
    const mirror = await fileServer(Buffer.from(content));
    const first = desk(work, dataFolderWith([nowhere]), { box: false });
    await first.done(await first.client.networks.get({ id: 'moved', from: `${mirror.address}mirror/` }));
    expect(mirror.asked.map(({ path }) => path)).toEqual(['/mirror/moved.onnx']);

    const second = desk(work, dataFolderWith([nowhere]), { box: false });
    const file = work.write('given/moved.onnx', content);
    await second.done(await second.client.networks.get({ id: 'moved', from: work.path('given') }));
    expect(existsSync(file)).toBe(true);
    expect(await second.client.networks.list()).toHaveLength(1);

    const third = desk(work, dataFolderWith([nowhere]), { box: false });
    for (const [bytes, reason] of [
      [content.slice(1), /its length is another/],
      [Uint8Array.from(content, (byte, at) => (at === 99 ? byte ^ 1 : byte)), /its SHA-256 is another/],
    ] as const) {
      writeFileSync(file, bytes);
      const refused = await third.over(await third.client.networks.get({ id: 'moved', from: file }));
      expect(refused.error).toMatch(reason);
    }
    expect(await third.client.networks.list()).toEqual([]);
  });

  it('for which the disk has no room is not begun', async () => {
    const content = tinyNetwork();
    const server = await fileServer(Buffer.from(content));
    const entry = entryFor('huge', content, server.address, { bytes: 2 ** 52 });
    const studio = work.studio();
    await expect(getFromZoo(studio, entry)).rejects.toThrow(/Tiny huge needs 9,010 TB on the disk of .* are free/);
    expect(server.asked).toEqual([]);
  });

  it('has another name where a network of the person’s own has its name', async () => {
    const content = tinyNetwork(10);
    const server = await fileServer(Buffer.from(content));
    const entry = entryFor('namesake', content, server.address);
    const { client, done, studio } = desk(work, dataFolderWith([entry]), { box: false });
    const file = work.write('own.onnx', tinyNetwork(3));
    await done(await client.networks.add({ path: file, name: 'Tiny namesake', scaling: 'unit' }));
    await done(await client.networks.get({ id: 'namesake', from: null }));
    expect((await client.networks.list()).map(({ name }) => name)).toEqual(['Tiny namesake', 'Tiny namesake (zoo)']);
    expect(listZoo(studio).at(-1)?.network).not.toBeNull();
  });

  it('that is not there is refused with those that are', async () => {
    const { client } = desk(work);
    expect(await sentence(client.networks.get({ id: 'nothing', from: null }))).toMatch(
      /no network nothing. It has: squeezenet/,
    );
  });
});

test('projects keep a network that is removed from the library; its file is on the disk once', async () => {
  const { client, done, studio, session } = desk(work, work.path('shared-data'), { box: false });
  const file = work.write('shared.onnx', tinyNetwork(12));
  await done(await client.networks.add({ path: file, scaling: 'unit' }));
  await client.projects.create({ folder: work.path('keeper') });
  const [{ hash }] = await client.networks.list();
  const bytes = (await client.networks.library())[0].freed;
  expect(await client.networks.library()).toMatchObject([{ name: 'shared', bytes, projects: [] }]);
  await client.networks.choose({ hash });
  const model = (folder: string): number => statSync(join(folder, hash, 'model.onnx')).ino;
  const inProject = session.project().networksFolder;
  expect(model(inProject)).toBe(model(studio.libraryFolder));
  const [listed] = await client.networks.library();
  expect(listed).toMatchObject({ bytes, projects: ['keeper'] });
  expect(listed.freed).toBeLessThan(2000);

  // What is known of the network is each folder's own.
  await done(await client.networks.add({ path: file, scaling: 'torch', name: 'told anew' }));
  expect(listNetworks(inProject)[0].info.name).toBe('shared');
  await client.networks.remove({ hash });
  expect(await client.networks.library()).toEqual([]);
  expect(readdirSync(studio.libraryFolder)).toEqual([]);
  expect((await client.networks.list()).map(({ name }) => name)).toEqual(['shared']);
  expect(await sentence(client.networks.remove({ hash }))).toMatch(/There is no network/);
  rmSync(work.path('shared-data'), { recursive: true });
});
