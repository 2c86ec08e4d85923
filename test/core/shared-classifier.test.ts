import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { computeCodes } from '../../main/codes/compute.ts';
import { readCodes } from '../../main/database/codes.ts';
import { openForReading } from '../../main/database/open.ts';
import { listNetworks } from '../../main/networks/library.ts';
import { networkOf, selectPoint } from '../../main/networks/project-network.ts';
import { openClassifier } from '../../main/sharing/classifier.ts';
import { workshop } from '../support/core.ts';
import { desk, openClasses, sentence } from '../support/studio.ts';

const work = workshop();
const statement = { author: 'Lab | of blood', licence: 'CC-BY-4.0', notes: 'May-Grünwald, 100×.' };

it('a shared classifier says who made it, and serves another studio as a classifier and as a backbone', async () => {
  const own = desk(work, work.path('maker'));
  const { client, done } = own;
  await openClasses(work, own, 'made');
  const settings = { size: 32, seed: 0, device: 'cpu', method: 'svm', point: 'last', pooling: 'avg' } as const;
  await done(await client.training.start(settings));
  expect(await client.sharing.statement()).toEqual({ author: '', licence: '', notes: '' });
  await done(await client.sharing.export({ run: 1, folder: work.path('shared'), statement }));
  expect(await client.sharing.statement()).toEqual(statement);
  const [{ files }] = await client.sharing.exports();
  const [file, card] = files.map(({ path }) => path);
  const page = readFileSync(card, 'utf8');
  expect(page).toContain('| Author | Lab \\| of blood |');
  expect(page.replaceAll('\\', '')).toContain('| Licence | CC-BY-4.0 |');
  expect(page.replaceAll('\\', '')).toContain(statement.notes);
  const project = own.session.project();
  const [{ config, result }] = await client.training.runs();

  // Elsewhere: another library, another project.
  const other = desk(work, work.path('other'));
  const said = await openClassifier(other.studio, file);
  expect(said).toMatchObject({
    classes: config.classes,
    preprocessing: config.preprocessing,
    provenance: { project: 'made', run: 1, network: config.network },
    card: {
      ...statement,
      items: result!.counts,
      groups: 40,
      classItems: [20, 20],
      macroF1: { value: result!.test!.macroF1.value },
    },
  });
  // No image, and no name of one.
  expect(readFileSync(file).includes('.png')).toBe(false);
  await other.client.projects.create({ folder: work.path('theirs') });
  const predicting = await other.client.sharing.predict({ by: { file }, source: work.path('made-images', 'red') });
  await other.done(predicting);
  const predictions = (await other.client.sharing.predictions())!;
  expect(predictions).toMatchObject({ run: null, file, classes: config.classes, card: statement });
  expect(predictions.rows.every(({ predicted }) => config.classes[predicted] === 'red')).toBe(true);
  expect(predictions.rows).toHaveLength(20);

  await other.done(await other.client.networks.add({ path: file }));
  const [info] = (await other.client.networks.list()).filter(({ boxed }) => boxed !== true);
  expect(info).toMatchObject({
    name: 'made-run-1',
    classNames: config.classes,
    card: statement,
    parent: { hash: config.network.hash, project: 'made', run: 1 },
    // The file takes bytes: what it makes of them is inside.
    preprocessing: { size: 32, range: [0, 255], mean: [0, 0, 0], deviation: [1, 1, 1], layout: 'nhwc' },
  });

  // As a backbone it gives the codes of the network that it was made from.
  const codesOf = async (network: Parameters<typeof selectPoint>[0], size: number): Promise<Float32Array> => {
    const request = { network, points: [selectPoint(network, 'last')], pooling: 'avg', size, device: 'cpu' } as const;
    const { sets } = await computeCodes(own.studio, project, request);
    const database = openForReading(project.codesFile);
    try {
      return readCodes(database, sets[0].id, [1, 2, 3]).matrix;
    } finally {
      database.close();
    }
  };
  const [backbone] = listNetworks(other.studio.libraryFolder).filter(({ info: one }) => one.name === 'made-run-1');
  const [before, now] = [await codesOf(networkOf(project, config.network.hash), 32), await codesOf(backbone, 32)];
  expect(now).toHaveLength(before.length);
  for (const [at, value] of before.entries()) expect(now[at]).toBeCloseTo(value, 4);

  expect(
    (await other.over(await other.client.sharing.predict({ by: { file: card }, source: work.path('made-images') })))
      .error,
  ).toMatch(/\.md/);
  expect(await sentence(other.client.sharing.predict({ by: { run: 7 }, source: 'x' }))).toMatch(/no run 7/);
}, 120_000);
