import { existsSync, statSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultAugmentation } from '../../main/contract/augmentation.ts';
import type { EpochMetrics } from '../../main/contract/fine-tuning.ts';
import type { RunConfig, RunResult } from '../../main/contract/runs.ts';
import { parfocal, parfocalJson, program } from '../support/command-line.ts';
import { eventually, tinyNetwork, writeClasses } from '../support/core.ts';

let folder: string;
const run = <T = unknown>(...args: string[]): Promise<T> => parfocalJson<T>(join(folder, 'data'), ...args);
const attempt = (...args: string[]) => parfocal(join(folder, 'data'), ...args);

interface Trained {
  readonly run: {
    readonly id: number;
    readonly status: string;
    readonly config: RunConfig;
    readonly result: RunResult;
  };
}
interface Metrics {
  readonly status: string;
  readonly epochs: EpochMetrics[];
  readonly steps?: { step: number }[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parfocal-fine-tune-'));
  await writeClasses(join(folder, 'images'), 20);
  await writeFile(join(folder, 'tiny.onnx'), tinyNetwork());
  await run('network', 'add', join(folder, 'tiny.onnx'), '--preprocessing', 'unit', '--size', '32');
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function projectOf(name: string): Promise<string> {
  const project = join(folder, name);
  await run('new', project);
  await run('import', project, join(folder, 'images'), '--labels', 'folders', '--group', 'image');
  return project;
}

/** The command in a process of its own, to be interrupted. */
function start(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; errors: string }> } {
  const env = { ...process.env, PARFOCAL_DATA: join(folder, 'data') };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, errors }))) };
}

describe('fine-tuning on the command line', () => {
  it('takes every setting, tells how it went, and its run serves like any other', { timeout: 300_000 }, async () => {
    const project = await projectOf('cells');
    const trained = await run<Trained>(
      ...[
        'train',
        project,
        '--network',
        'tiny',
        '--method',
        'fine-tune',
        '--freeze',
        '1',
        '--head',
        'zero',
        '--optimizer',
        'sgd',
      ],
      ...['--rate', '0.05', '--pretrained-rate', '0.5', '--rate-fall', '2', '--weight-decay', '0.001'],
      ...['--toward-pretrained', '0.01', '--schedule', 'constant', '--warm-up', '0', '--epochs', '6', '--batch', '8'],
      ...['--clip', 'none', '--label-smoothing', '0.1', '--balanced', '--average', '--patience', 'none'],
      ...[
        '--views',
        '2',
        '--symmetries',
        'mirrored',
        '--vary-scale',
        '0.2',
        '--normalisation',
        'running',
        '--seed',
        '7',
        '--device',
        'cpu',
      ],
    );
    expect(trained.run.status).toBe('done');
    expect(trained.run.config.fineTuning).toMatchObject({
      init: 'pretrained',
      headStart: 'zero',
      optimizer: 'sgd',
      rate: 0.05,
      pretrainedRate: 0.5,
      rateFall: 2,
      weightDecay: 0.001,
      towardPretrained: 0.01,
      schedule: 'constant',
      warmUp: 0,
      epochs: 6,
      batchSize: 8,
      clip: null,
      labelSmoothing: 0.1,
      balanced: true,
      averaging: true,
      patience: null,
      normalisation: 'running',
      views: 2,
      augmentation: { ...defaultAugmentation, symmetries: 'mirrored', scale: 0.2 },
    });
    const metrics = await run<Metrics>('metrics', project, '--steps');
    expect(metrics.epochs.filter(({ epoch }) => epoch > 0)).toHaveLength(6);
    expect(metrics.steps).toHaveLength(trained.run.result.fineTuning!.steps);
    const csv = join(folder, 'steps.csv');
    await run('metrics', project, '--run', String(trained.run.id), '--steps', '--csv', csv);
    expect((await readFile(csv, 'utf8')).trim().split('\n')).toHaveLength(metrics.steps!.length + 1);
    const listed = await attempt('runs', project);
    expect(listed.stdout).toMatch(/done +tiny +\S+ +fine-tune/);
    expect(await run('evaluate', project)).toMatchObject({ run: trained.run.id });
    const { files } = await run<{ files: string[] }>('export', project, '--out', join(folder, 'out'));
    expect(await run('predict', files[0], join(folder, 'images', 'red'))).toMatchObject({ refused: [] });
    const added = await run<{ name: string; parent: object }>('network', 'add', project, '--run', '1');
    expect(added).toMatchObject({ name: 'cells-run-1', parent: { name: 'tiny', project: 'cells', run: 1 } });
    expect((await attempt('network', 'show', 'cells-run-1')).stdout).toMatch(
      /fine-tuned from tiny \(\w+\) in cells, run 1/,
    );
  });

  it('is paused by Ctrl+C, says how to go on, and goes on', { timeout: 300_000 }, async () => {
    const project = await projectOf('paused');
    const { child, ended } = start(
      ...[
        'train',
        project,
        '--network',
        'tiny',
        '--method',
        'fine-tune',
        '--freeze',
        '1',
        '--head',
        'zero',
        '--epochs',
        '5000',
      ],
      ...['--batch', '8', '--patience', 'none', '--device', 'cpu'],
    );
    const checkpoint = join(`${project}.parfocal`, 'runs', '1', 'checkpoint.bin');
    await eventually(() => existsSync(checkpoint) || child.exitCode !== null, 120);
    if (child.exitCode !== null) throw new Error((await ended).errors);
    child.kill('SIGINT');
    const { code, errors } = await ended;
    expect(code).toBe(1);
    expect(errors).toMatch(/Run 1 was paused\. Go on with: parfocal train ".*paused\.parfocal" --resume 1/);
    const before = await run<Metrics>('metrics', project, '--run', '1');
    expect(before.status).toBe('paused');
    expect((await attempt('runs', project)).stdout).toMatch(/paused +tiny +\S+ +fine-tune/);
    const again = start('train', project, '--resume', '1');
    const writtenBefore = statSync(checkpoint).mtimeMs;
    await eventually(() => statSync(checkpoint).mtimeMs > writtenBefore || again.child.exitCode !== null, 120);
    again.child.kill('SIGINT');
    expect((await again.ended).errors).toMatch(/Run 1 was paused/);
    const after = await run<Metrics>('metrics', project, '--run', '1');
    expect(after.epochs.length).toBeGreaterThan(before.epochs.length);
    expect(after.epochs.map(({ epoch }) => epoch)).toEqual(after.epochs.map((_, at) => at + after.epochs[0].epoch));
  });
});
