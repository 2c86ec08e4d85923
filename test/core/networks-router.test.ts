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
