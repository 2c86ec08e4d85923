import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import sharp from 'sharp';
import { buildTrunkModel } from '../../main/engine/networks/trunk-graph.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { networkFile } from '../../main/networks/library.ts';
import { networkOf } from '../../main/networks/project-network.ts';
import { viewOfItem } from '../../main/items/views.ts';
import { render } from '../../main/trainer/render.ts';
import { run } from '../support/graphs.ts';
import { workshop } from '../support/core.ts';
import { desk, openClasses, sentence } from '../support/studio.ts';

const work = workshop();

test('a project’s network is frozen where it was chosen to be, also at nothing; codes are taken at a point in any case', async () => {
  const own = desk(work);
  const { client, state } = own;
  await openClasses(work, own, 'chosen', 2);
  const [{ hash, name, freezePoints }] = await client.networks.list();
  const [first, last] = [freezePoints[0].name, freezePoints.at(-1)!.name];
  const network = async () => (await state()).project?.network;
  expect(await network()).toEqual({ hash, name, point: last, freeze: last, decided: false });
  await client.networks.choose({ hash, point: first });
  expect(await network()).toMatchObject({ point: first, freeze: first, decided: true });
  await client.networks.choose({ hash, point: null });
  expect(await network()).toMatchObject({ point: last, freeze: null, decided: true });
  await client.networks.choose({ hash, point: last });
  expect(await network()).toMatchObject({ point: last, freeze: last, decided: true });
  expect(await sentence(client.networks.choose({ hash, point: 'fc99' }))).toMatch(
    /has no freeze point fc99\. It has: 1 /,
  );
  // Faster than they are done: none is in the way of another, and the last one holds.
  for (const end of [first, last, null, first, null, last, first, last]) {
    await Promise.all([first, last, null, end].map((point) => client.networks.choose({ hash, point })));
    expect(await network()).toMatchObject({ freeze: end });
  }
});

test('a network’s graph is made once and kept, block by block; what is damaged is made anew once it is removed', async () => {
  const own = desk(work);
  const { client } = own;
  await openClasses(work, own, 'graphs', 2);
  const [{ hash, freezePoints, parameters }] = await client.networks.list();
  const [graph, again] = await Promise.all([client.networks.graph({ hash }), client.networks.graph({ hash })]);
  expect(again).toEqual(graph);
  expect(graph.blocks).toHaveLength(freezePoints.length);
  expect(graph.blocks[0].operators.map(({ name, op }) => `${op} ${name}`)).toEqual(['Conv conv1', 'Relu relu1']);
  const [first, ...others] = await Promise.all(
    [...graph.blocks, graph.rest].map((_, block) => client.networks.block({ hash, block })),
  );
  const all = [first, ...others].flatMap(({ operators }) => operators);
  expect(all.reduce((sum, one) => sum + one.parameters, 0)).toBe(parameters);
  expect(first.filters).toMatchObject({ operator: 0, count: 8, width: 3, height: 3 });
  expect(Buffer.from(first.filters!.pixels, 'base64')).toHaveLength(8 * 3 * 3 * 3);
  expect(others.every(({ filters }) => filters === null)).toBe(true);
  expect(await sentence(client.networks.block({ hash, block: 99 }))).toMatch(/has no block 100/);

  const kept = join(own.studio.dataFolder, 'cache', 'graphs');
  const [folder] = readdirSync(kept);
  writeFileSync(join(kept, folder, 'outline.json'), '{"blocks": [');
  expect(await sentence(client.networks.graph({ hash }))).toContain(`Remove the folder ${join(kept, folder)}`);
  rmSync(join(kept, folder), { recursive: true });
  expect(await client.networks.graph({ hash })).toEqual(graph);
  await client.networks.remove({ hash });
  expect(readdirSync(kept)).toEqual([]);
});

test('an item is shown to a network: each freeze point gives the pictures of the channels that answer most', async () => {
  const own = desk(work);
  const { client, done } = own;
  await openClasses(work, own, 'looked-at', 2);
  const [{ hash, freezePoints, preprocessing }] = await client.networks.list();
  const [itemId, other] = await client.items.query({ filter: {}, order: { by: 'number' } });
  const started = await client.networks.activations({ hash, itemId });
  await done(started);
  const [point] = freezePoints;
  const found = (await client.networks.activationsAt({ ...started, point: point.name }))!;
  expect(found).toMatchObject({ of: 8, height: point.shape[1], width: point.shape[2] });
  expect(found.strongest).toHaveLength(8);

  // What the network itself gives for the same pixels.
  const stored = networkOf(own.session.project(), hash);
  const network = await openNetwork(networkFile(stored), { size: preprocessing.size, preprocessing });
  const image = viewOfItem(own.session.project(), itemId, null);
  const { views } = await render(image, preprocessing.size);
  const side = preprocessing.size;
  const pixels = { type: 'uint8', shape: [1, side, side, 3], data: views[0].pixels } as const;
  const { [network.freezePoints[0].tensor]: given } = await run(buildTrunkModel(network, network.freezePoints[0]), {
    pixels,
  });
  const { channel, picture } = found.strongest[0];
  const area = found.width * found.height;
  const values = Array.from(given.data.slice(channel * area, (channel + 1) * area), Number);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const shown = await sharp(Buffer.from(picture.split(',')[1], 'base64'))
    .extractChannel(0)
    .raw()
    .toBuffer();
  expect([...shown]).toEqual(values.map((value) => Math.round((255 * (value - low)) / (high - low))));

  // Only the last is kept.
  const again = await client.networks.activations({ hash, itemId: other });
  await done(again);
  expect(await client.networks.activationsAt({ ...started, point: point.name })).toBeNull();
  expect(await client.networks.activationsAt({ ...again, point: 'no such point' })).toBeNull();
  const gone = await own.over(await client.networks.activations({ hash, itemId: 99_999 }));
  expect(gone).toMatchObject({ status: 'failed', error: 'This item is not in the project any more.' });
});
