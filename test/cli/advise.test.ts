import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Advice } from '../../main/contract/advice.ts';
import type { TrainReport } from '../../main/training/recipe.ts';
import { parfocal, parfocalJson } from '../support/command-line.ts';
import { workshop, writeClasses } from '../support/core.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';

const work = workshop();
const { folder } = work;
const networks = work.path('data');
const run = <T>(...args: string[]): Promise<T> => parfocalJson<T>(networks, ...args);

test('parfocal advise plans, and parfocal train carries the plan out', { timeout: 120_000 }, async () => {
  await writeClasses(join(folder, 'images'), 15);
  const project = join(folder, 'colours');
  await run('new', project);
  await run('import', project, join(folder, 'images'), '--labels', 'folders', '--group', 'image');
  const before = await run<Advice>('advise', project, '--no-measure', '--size', '48');
  expect(before).toMatchObject({ plan: { sureness: 'preliminary' }, missing: expect.any(Array) as unknown[] });
  const { code, stdout } = await parfocal(networks, 'advise', project, '--size', '48');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^starter: Softmax regression on the codes of starter at /);
  expect(stdout).toMatch(/\nSureness: /);
  expect(stdout).not.toMatch(/Not measured yet/);
  const { plan } = await run<Advice>('advise', project, '--no-measure', '--size', '48');
  expect(plan?.settings).toMatchObject({ method: 'softmax', size: 48 });

  const { run: trained } = await run<TrainReport>('train', project, '--advised', '--size', '48');
  const { point } = plan!.settings as { point: string };
  expect(trained.config).toMatchObject({ method: 'softmax', point, preprocessing: { size: 48 } });
  const misfit = await parfocal(networks, 'train', project, '--advised', '--method', 'svm');
  expect(misfit).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be used with --advised') as string });
});

describeWithShared('parfocal advise on real images', () => {
  test(
    'a network that knows photographs is told where white cells lie in it, and that turning them is harmless',
    { timeout: 600_000 },
    async () => {
      await run('network', 'add', join(sharedFolder, 'models/mobilenet-v1-0.25-224'), '--name', 'mobilenet');
      const project = join(folder, 'wbc');
      await run('new', project);
      const data = join(sharedFolder, 'data/wbc');
      await run('import', project, join(data, 'labels.csv'), '--images', data, '--group', 'column');
      const { plan, quadrant, similarity, warnings } = await run<Advice>(
        ...(['advise', project, '--network', 'mobilenet', '--size', '96'] as const),
      );
      expect(quadrant).toMatchObject({ scenario: 'small-different' });
      const { method, point } = plan!.settings as { method: string; point: string };
      expect(method).toBe('softmax');
      // Earlier than the last, later than the first blocks.
      const index = Number(/freeze point (\d+) of 27/.exec(plan!.sentence)![1]);
      expect(index, point).toBeGreaterThan(9);
      expect(index, point).toBeLessThan(27);
      expect(similarity.turning!.turned).toBeGreaterThan(0.8 * similarity.turning!.upright);
      expect(similarity.shift!.early).toBeGreaterThan(0.3);
      expect(warnings.some(({ kind, text }) => kind === 'few' && text.includes('basophil'))).toBe(true);
    },
  );
});
