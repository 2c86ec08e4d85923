import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
  // Faster than they are done: none is in the way of another.
  await Promise.all([first, last, null, first].map((point) => client.networks.choose({ hash, point })));
  expect(await network()).toMatchObject({ freeze: first });
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
