import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Probed } from '../../main/probing/probe.ts';
import { parfocal, parfocalJson } from '../support/command-line.ts';
import { tinyNetwork, workshop, writeClasses } from '../support/core.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';

const work = workshop();
const { folder } = work;
const networks = work.path('data');
const run = <T>(...args: string[]): Promise<T> => parfocalJson<T>(networks, ...args);
const data = (name: string): string => join(sharedFolder, 'data', name);

describe('parfocal probe', () => {
  it('prints a line for every freeze point, and marks the best', { timeout: 60_000 }, async () => {
    await writeFile(join(folder, 'tiny.onnx'), tinyNetwork());
    await writeClasses(join(folder, 'images'), 12);
    const project = join(folder, 'colours');
    await run('new', project);
    await run('import', project, join(folder, 'images'), '--labels', 'folders', '--group', 'image');
    await run('network', 'add', join(folder, 'tiny.onnx'), '--preprocessing', 'unit');
    const { code, stdout } = await parfocal(networks, 'probe', project, '--network', 'tiny', '--folds', '3');
    expect(code).toBe(0);
    const lines = stdout.split('\n').filter((line) => / cannot be measured here/.test(line));
    expect(lines).toHaveLength(2);
    expect(lines.filter((line) => /\bbest\b/.test(line))).toHaveLength(1);
    expect(stdout).toMatch(/3 folds/);
    const probed = await run<Probed>('probe', project, '--folds', '3');
    expect(probed.report.settings.folds).toBe(3);
    expect(lines.find((line) => /\bbest\b/.test(line))).toContain(probed.report.best);
    expect((await parfocal(networks, 'probe', project, '--folds', '1')).code).toBe(2);
  });
});

/** Measured by another implementation on other draws of 128 images, at 160 pixels: within half of it, or 0.03. */
const shifts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  cifar10: {
    conv1: 0.06,
    conv_pw_2: 0.22,
    conv_pw_4: 0.21,
    conv_pw_6: 0.21,
    conv_pw_8: 0.08,
    conv_pw_10: 0.07,
    conv_pw_12: 0.1,
  },
  wbc: { conv_pw_2: 0.52, conv_pw_4: 0.16, conv_pw_6: 0.23, conv_pw_8: 0.06, conv_pw_10: 0.06, conv_pw_12: 0.18 },
};

describeWithShared('parfocal probe on real images', () => {
  beforeAll(async () => {
    await run('network', 'add', join(sharedFolder, 'models/mobilenet-v1-1.0-224-trunk'), '--name', 'mobilenet');
  }, 60_000);

  it(
    'finds natural objects like the pretraining data late in the network, and white cells unlike them',
    { timeout: 600_000 },
    async () => {
      const sources = {
        cifar10: [data('cifar10/train'), '--labels', 'folders'],
        wbc: [data('wbc/labels.csv'), '--images', data('wbc'), '--group', 'column'],
      };
      const reports: Record<string, Probed['report']> = {};
      for (const [name, source] of Object.entries(sources)) {
        const project = join(folder, name);
        await run('new', project);
        await run('import', project, ...source);
        const small = ['--size', '160', '--items', '300', '--folds', '3'];
        const { report } = await run<Probed>('probe', project, '--network', 'mobilenet', ...small);
        reports[name] = report;
        expect(report.points).toHaveLength(26);
        expect(report.points.every(({ probe }) => probe !== null)).toBe(true);
        for (const [point, expected] of Object.entries(shifts[name])) {
          const found = report.points.find((one) => one.name === point)!.shift!;
          expect(Math.abs(found - expected), `${name} at ${point}: ${found}`).toBeLessThan(
            Math.max(0.5 * expected, 0.05),
          );
        }
      }
      const scores = reports.cifar10.points.map(({ probe }) => probe!.macroF1.value!);
      expect(Math.max(...scores.slice(0, 6))).toBeLessThan(Math.max(...scores.slice(-6)) - 0.1);
      // At the input white cells differ from photographs by far more than small photographs do.
      expect(reports.wbc.points[0].shift!).toBeGreaterThan(5 * reports.cifar10.points[0].shift!);
    },
  );
});
