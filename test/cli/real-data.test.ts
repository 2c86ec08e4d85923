import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../../main/contract/evaluation.ts';
import type { RunConfig } from '../../main/contract/runs.ts';
import { parfocalJson } from '../support/command-line.ts';
import { describeWithShared, sharedFolder } from '../support/shared.ts';

interface Trained {
  readonly run: {
    readonly id: number;
    readonly config: RunConfig;
    readonly result: { readonly counts: Record<string, number>; readonly test: Evaluation };
  };
  readonly warnings: string[];
}
interface Exported {
  readonly files: string[];
  readonly agreement: { readonly items: number; readonly largestDifference: number };
}

const data = (name: string): string => join(sharedFolder, 'data', name);
let folder: string;
let networks: string;
const run = <T>(...args: string[]): Promise<T> => parfocalJson<T>(networks, ...args);

describeWithShared('the main job on real images', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parfocal-walk-'));
    networks = join(folder, 'data');
    await run('network', 'add', join(sharedFolder, 'models/mobilenet-v1-1.0-224-trunk'), '--name', 'mobilenet');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('walks from Pascal VOC to an exported model, on blood smears', { timeout: 900_000 }, async () => {
    const project = join(folder, 'bccd');
    await run('new', project);
    const imported = await run<{ imported: number; refused: unknown[] }>(
      'import',
      project,
      data('bccd'),
      '--group',
      'image',
    );
    expect(imported.imported).toBe(4886);
    expect(imported.refused).toHaveLength(2);

    const codes = await run<{ computed: number }>('codes', project, '--network', 'mobilenet', '--at', 'last');
    expect(codes.computed).toBe(4886);
    const again = await run<{ computed: number }>('codes', project);
    expect(again.computed).toBe(0);

    for (const method of ['softmax', 'svm']) {
      const { run: trained, warnings } = await run<Trained>('train', project, '--method', method);
      // The data set's own lists, taken over as they are.
      expect(trained.result.counts).toEqual({ train: 2804, validation: 1137, test: 945 });
      expect(warnings).toEqual([]);
      expect(trained.result.test.macroF1.value).toBeGreaterThanOrEqual(0.98);
      expect(trained.result.test.macroF1.low).toBeGreaterThan(0.9);

      const exported = await run<Exported>(
        'export',
        project,
        '--run',
        String(trained.id),
        '--out',
        join(folder, 'export'),
      );
      expect(exported.agreement.items).toBeGreaterThan(100);
      expect(exported.agreement.largestDifference).toBeLessThan(1e-4);
    }

    // The exported file alone, on regions of one test image, against the labels.
    const labels = join(folder, 'regions.csv');
    await run('labels', project, '--csv', labels);
    const [heading, ...lines] = (await readFile(labels, 'utf8')).trim().split('\n');
    const some = lines.filter((line) => line.includes('BloodImage_00007.jpg'));
    await writeFile(labels, [heading, ...some].join('\n'));
    const model = join(folder, 'export', 'bccd-run-2.onnx');
    const predicted = await run<{ predictions: { class: string; label: string }[] }>('predict', model, labels);
    expect(predicted.predictions).toHaveLength(some.length);
    expect(predicted.predictions.filter((one) => one.class === one.label).length).toBeGreaterThan(some.length * 0.9);
  });

  it('tells white cells apart within one laboratory, and worse in the other', { timeout: 600_000 }, async () => {
    const source = await readFile(join(data('wbc'), 'labels.csv'), 'utf8');
    const [, ...lines] = source.trim().split(/\r?\n/);
    const across = [
      'image,label,group,split',
      ...lines.map((line) => `${line},${line.endsWith('tecom') ? 'train' : 'test'}`),
    ];
    const within = [
      'image,label,group',
      ...lines.filter((line) => line.endsWith('tecom')).map((line) => line.replace(/,tecom$/, ',')),
    ];
    const score = async (name: string, csv: string[]): Promise<Evaluation> => {
      await writeFile(join(folder, `${name}.csv`), csv.join('\n'));
      const project = join(folder, name);
      await run('new', project);
      await run('import', project, join(folder, `${name}.csv`), '--images', data('wbc'), '--group', 'column');
      const { run: trained } = await run<Trained>(
        'train',
        project,
        '--network',
        'mobilenet',
        '--size',
        '128',
        '--method',
        'svm',
      );
      return trained.result.test;
    };
    const inside = await score('within', within);
    const outside = await score('across', across);
    expect(outside.items).toBe(100);
    expect(outside.groups).toBe(1);
    // One group only: nothing can be said of how far its score would spread.
    expect(outside.macroF1.low).toBeNull();
    expect(inside.macroF1.value).toBeGreaterThan(outside.macroF1.value! + 0.1);
  });

  it('learns the CIFAR-10 folders, and measures their recipe by cross-validation', { timeout: 600_000 }, async () => {
    const project = join(folder, 'cifar10');
    await run('new', project);
    const imported = await run<{ imported: number }>('import', project, data('cifar10'), '--labels', 'folders');
    expect(imported.imported).toBe(3000);
    const { run: trained } = await run<Trained>('train', project, '--network', 'mobilenet', '--size', '96');
    expect(trained.config.classes).toHaveLength(10);
    expect(trained.result.counts['test']).toBe(500);
    const accuracy = trained.result.test.accuracy.value!;
    expect(accuracy).toBeGreaterThan(0.7);
    const folds = await run<{ evaluation: Evaluation; folds: number }>('evaluate', project, '--folds', '3');
    expect(folds.folds).toBe(3);
    expect(folds.evaluation.items).toBe(3000);
    expect(Math.abs(folds.evaluation.accuracy.value! - accuracy)).toBeLessThan(0.06);
  });
});
