import { expect, it } from 'vitest';
import { noisePng, workshop } from '../support/core.ts';
import { desk, sentence } from '../support/studio.ts';

const work = workshop();

it('files that were dropped together are imported together, wherever they lie', async () => {
  const { client, done } = desk(work);
  const one = work.write('here/cell, first.png', await noisePng(1));
  const other = work.write('there/µ cell.png', await noisePng(2));
  work.write('there/not this.png', await noisePng(3));
  await client.projects.create({ folder: work.path('dropped') });
  const { source } = await client.items.joinFiles({ files: [one, other] });
  await done(await client.items.import({ source, options: {} }));
  const images = await client.items.images({ offset: 0, limit: 10 });
  expect(images.map(({ path }) => path).sort()).toEqual([one, other]);
  expect(await sentence(client.items.joinFiles({ files: [one, work.path('there')] }))).toMatch(/there is a folder/);
});
