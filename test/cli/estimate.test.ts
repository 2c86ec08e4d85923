import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EstimateReport } from '../../main/contract/estimates.ts';
import { parfocal, parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, workshop, writeClasses } from '../support/core.ts';

const work = workshop();
const { folder } = work;
const networks = work.path('data');
const run = <T>(...args: string[]): Promise<T> => parfocalJson<T>(networks, ...args);

describe('parfocal estimate', () => {
  it('says what every freeze point, or one, would take, and measures once', { timeout: 120_000 }, async () => {
    await writeFile(join(folder, 'tiny.onnx'), tinyNetwork());
    await writeClasses(join(folder, 'images'), 12);
    const project = join(folder, 'colours');
    await run('new', project);
    await run('import', project, join(folder, 'images'), '--labels', 'folders', '--group', 'image');
    await run('network', 'add', join(folder, 'tiny.onnx'), '--preprocessing', 'unit');
    const told = ['--network', 'tiny', '--device', 'cpu', '--batch', '4'];
    const { code, stdout } = await parfocal(networks, 'estimate', project, ...told);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^none +\d/m);
    expect(stdout).toMatch(/4 a step/);
    const all = await run<EstimateReport>('estimate', project, ...told);
    expect(all.stops.every(({ epochSeconds }) => epochSeconds! > 0)).toBe(true);
    const one = await run<EstimateReport>('estimate', project, ...told, '--freeze', 'all', '--views', '2');
    expect(one.measured).toEqual(all.measured);
    expect(one.stops).toHaveLength(1);
    expect(one.stops[0].disk).toBeLessThan(all.stops.at(-1)!.disk);
    const again = await run<EstimateReport>('estimate', project, ...told, '--again');
    expect(again.measured!.created > all.measured!.created).toBe(true);
    expect((await parfocal(networks, 'estimate', project, '--freeze', 'nowhere')).code).toBe(1);
  });
});
