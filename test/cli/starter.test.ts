import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { NetworkInfo } from '../../main/contract/networks.ts';
import { openNetwork } from '../../main/engine/networks/network.ts';
import { parfocalJson } from '../support/command-line.ts';
import { workshop } from '../support/core.ts';

const resources = fileURLToPath(new URL('../../resources/', import.meta.url));
const box = join(resources, 'networks/starter');

const work = workshop();
const { folder } = work;
const run = <T = unknown>(...args: string[]): Promise<T> => parfocalJson<T>(join(folder, 'data'), ...args);

describe('the starter', () => {
  it('ships small, with its card, and described as it would be if it were added', async () => {
    const told = JSON.parse(await readFile(join(box, 'network.json'), 'utf8')) as NetworkInfo;
    const network = await openNetwork(join(box, told.file));
    expect((await stat(join(box, told.file))).size).toBeLessThan(8_000_000);
    expect(told).toMatchObject({ name: 'starter', classes: null, boxed: true });
    expect(told.preprocessing).toEqual(network.preprocessing);
    expect(told.parameters).toBe(network.parameters);
    expect(told.freezePoints).toMatchObject(
      network.freezePoints.map(({ index, name, shape, parametersBefore }) => ({
        index,
        name,
        shape,
        parametersBefore,
      })),
    );
    expect(told.freezePoints.map(({ name }) => name)).toEqual([
      'stem',
      'block1',
      'block2',
      'block3',
      'block4',
      'block5',
    ]);
    expect(network.model.graph.nodes.filter(({ op }) => op === 'BatchNormalization').length).toBeGreaterThan(10);
    expect(await readFile(join(box, 'README.md'), 'utf8')).toMatch(/Apache-2\.0/);
  });

  it('takes the sample from its images to an exported model, with nothing but what ships', async () => {
    const project = join(folder, 'sample');
    const small = ['--size', '48'];
    await run('new', project);
    expect(await run('status', project)).toMatchObject({ network: 'starter' });
    await run('import', project, join(resources, 'sample/regions.csv'), '--group', 'column');
    expect(await run('codes', project, '--at', 'block4', ...small)).toMatchObject({ computed: 994 });
    const { report } = await run<{ report: { best: string | null; points: object[] } }>(
      'probe',
      project,
      ...small,
      '--folds',
      '2',
      '--items',
      '100',
    );
    expect(report.points).toHaveLength(6);
    expect(report.best).not.toBeNull();
    await run('split', project, '--test', '0.25');
    const { run: linear } = await run<{ run: Trained }>('train', project, '--at', 'block4', ...small);
    const { classes } = await run<{ classes: unknown[] }>('status', project);
    const wellAbove = 2 / classes.length;
    expect(linear.result.test.accuracy.value).toBeGreaterThan(wellAbove);
    const tuning = ['--method', 'fine-tune', '--freeze', 'block4', '--epochs', '2', '--views', '1'];
    const { run: tuned } = await run<{ run: Trained }>('train', project, ...tuning, ...small);
    expect(tuned.result.test.accuracy.value).toBeGreaterThan(wellAbove);
    const { files } = await run<{ files: string[] }>('export', project, '--out', join(folder, 'out'));
    const predicted = await run<{ predictions: unknown[] }>('predict', files[0], join(resources, 'sample'));
    expect(predicted.predictions).toHaveLength(40);
  }, 300_000);
});

interface Trained {
  readonly result: { readonly test: { readonly accuracy: { readonly value: number } } };
}
