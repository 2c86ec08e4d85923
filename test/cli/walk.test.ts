import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noisePng, tinyNetwork, writeClasses } from '../support/core.ts';
import { parfocal, parfocalJson } from '../support/command-line.ts';

let folder: string;
const run = <T = unknown>(...args: string[]): Promise<T> => parfocalJson<T>(join(folder, 'data'), ...args);
const attempt = (...args: string[]) => parfocal(join(folder, 'data'), ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parfocal-cli-'));
  await writeClasses(join(folder, 'images'), 20);
  await writeFile(join(folder, 'tiny.onnx'), tinyNetwork());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the command line', () => {
  it('goes from images to an exported classifier that answers for new ones', { timeout: 300_000 }, async () => {
    const project = join(folder, 'walk');
    expect(await run('new', project)).toEqual({ project: `${project}.parfocal` });
    const imported = await run('import', project, join(folder, 'images'), '--labels', 'folders', '--group', 'image');
    expect(imported).toMatchObject({ format: 'folder', imported: 40, labelled: 40, refused: [] });
    expect(await run('status', project)).toMatchObject({ images: 40, labelled: 40, groups: 40, missingImages: 0 });

    await run('network', 'add', join(folder, 'tiny.onnx'), '--preprocessing', 'unit', '--size', '32');
    const listed = await run<{ name: string }[]>('network', 'list');
    expect(listed.map(({ name }) => name)).toEqual(['tiny', 'starter']);
    const points = await run<{ freezePoints: { name: string }[] }>('network', 'show', 'tiny');
    const codes = await run<{ computed: number; sets: unknown[] }>(
      'codes',
      project,
      '--network',
      'tiny',
      '--at',
      'all',
      '--pool',
      'avg+max',
    );
    expect(codes).toMatchObject({ computed: 40 });
    expect(codes.sets).toHaveLength(points.freezePoints.length);
    const similar = await run<{ label: string; distance: number }[]>('similar', project, '1', '-k', '5');
    expect(similar).toHaveLength(5);
    expect(similar.map((one) => one.distance)).toEqual(similar.map((one) => one.distance).toSorted((a, b) => a - b));

    const split = await run<{ counts: Record<string, number> }>('split', project, '--test', '0.25', '--seed', '3');
    expect(split.counts['test']).toBe(10);
    const { run: trained } = await run<{ run: { id: number; result: object } }>(
      'train',
      project,
      '--method',
      'svm',
      '--device',
      'cpu',
    );
    expect(trained.result).toMatchObject({ counts: split.counts, test: { accuracy: { value: 1 } } });
    expect(await run('evaluate', project)).toMatchObject({ run: trained.id, evaluation: { items: 10 } });
    expect(await run('evaluate', project, '--folds', '4')).toMatchObject({ folds: 4, evaluation: { items: 40 } });
    expect(await run<unknown[]>('runs', project)).toHaveLength(1);
    await run('runs', project, '--rename', '1', '--name', 'First try');
    expect(await run('runs', project)).toMatchObject([{ id: 1, name: 'First try' }]);
    const picture = join(folder, 'why.png');
    const why = await run<{ probabilities: Record<string, number>; map: object; nearest: { label: string }[] }>(
      ...['explain', project, '--item', '1', '--class', 'red', '--out', picture],
    );
    expect(Object.keys(why.probabilities).sort()).toEqual(['green', 'red']);
    expect(why.map).toMatchObject({ class: 'red' });
    expect(new Set(why.nearest.map(({ label }) => label)).size).toBe(1);
    expect((await readFile(picture)).subarray(1, 4).toString()).toBe('PNG');

    const exported = await run<{ files: string[]; agreement: object }>(
      ...['export', project, '--out', join(folder, 'out'), '--licence', 'CC0-1.0', '--author', 'A. Learner'],
    );
    expect(exported.agreement).toMatchObject({ items: 10 });
    const [model, card] = exported.files;
    expect(await readFile(card, 'utf8')).toMatch(/On 10 held-out items of 10 groups/);

    expect(await run('network', 'add', model)).toMatchObject({
      name: 'walk-run-1',
      classNames: ['green', 'red'],
      card: { licence: 'CC0-1.0', author: 'A. Learner', items: split.counts },
    });

    // A name with a comma, a quote and letters beyond ASCII; a list of paths; a CSV with a region.
    await writeFile(join(folder, 'grün, "neu".png'), await noisePng(99, { colour: [60, 200, 60] }));
    await writeFile(join(folder, 'list.txt'), 'grün, "neu".png\nmissing.png\n');
    const table = join(folder, 'answers.csv');
    const answered = await attempt('predict', model, join(folder, 'list.txt'), '--csv', table);
    expect(answered.code).toBe(0);
    expect(answered.stdout).toMatch(/missing\.png/);
    const [, line] = (await readFile(table, 'utf8')).split('\n');
    expect(line).toContain('grün, ""neu"".png"');
    expect(line).toContain(',green,');
    await writeFile(join(folder, 'regions.csv'), '\uFEFFimage;x;y;width;height\r\n"grün, ""neu"".png";2;2;10;10\r\n');
    const regions = await run<{ predictions: object[] }>('predict', project, join(folder, 'regions.csv'));
    expect(regions.predictions).toMatchObject([{ class: 'green', box: { x: 2, y: 2, width: 10, height: 10 } }]);

    const labels = await attempt('labels', project, '--csv', '-', '--history');
    expect(labels.stdout.trim().split('\n')).toHaveLength(41);
  });

  it('takes items and images out, and says first what would go', async () => {
    const project = join(folder, 'remove');
    await run('new', project);
    await run('import', project, join(folder, 'images'), '--labels', 'folders', '--copy');
    const weight = { images: 2, items: 2, labelled: 2, copies: 2 };
    expect(await run('remove', project, '3', '4')).toEqual({ removed: false, ...weight });
    expect(await run('status', project)).toMatchObject({ images: 40 });
    expect(await run('remove', project, '3', '4', '--yes')).toEqual({ removed: true, ...weight });
    const [{ image }] = await run<{ image: string }[]>('labels', project, '--csv', '-');
    expect(await run('remove', project, '--image', image, '--yes')).toMatchObject({ removed: true, images: 1 });
    expect(await run('status', project)).toMatchObject({ images: 37, labelled: 37 });
    const gone = await attempt('remove', project, '--image', image, '--yes');
    expect({ code: gone.code, stderr: gone.stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('There is no image') as string,
    });
  });

  it('tells a failure (1) from wrong usage (2), and keeps the standard output for results', async () => {
    const cases: [number, RegExp, ...string[]][] = [
      [2, /unknown command/, 'fly'],
      [2, /missing required argument/, 'train'],
      [2, /must be a number/, 'import', 'p', 's', '--margin', 'wide'],
      [2, /Allowed choices/, 'train', 'p', '--method', 'forest'],
      [2, /'--rate' is for --method fine-tune, not for softmax/, 'train', 'p', '--rate', '0.1'],
      [2, /'--pool' is for the linear methods/, 'train', 'p', '--method', 'fine-tune', '--pool', 'avg'],
      [2, /needs '--freeze <point>'/, 'train', 'p', '--method', 'fine-tune'],
      [2, /'--seed' cannot be used with --resume/, 'train', 'p', '--resume', '1', '--seed', '1'],
      [2, /must lie between/, 'train', 'p', '--method', 'fine-tune', '--freeze', 'none', '--epochs', '0'],
      [2, /unknown option/, 'status', 'p', '--loud'],
      [2, /name either items or/, 'remove', 'p'],
      [2, /'--rename <run>' and '--name <name>' go together/, 'runs', 'p', '--rename', '1'],
      [2, /required option '--item <item>'/, 'explain', 'p'],
      [1, /There is no project at/, 'status', join(folder, 'nowhere')],
      [1, /no network unheard-of/i, 'network', 'show', 'unheard-of'],
      [1, /no such file/i, 'network', 'add', join(folder, 'absent.onnx')],
    ];
    for (const [code, message, ...args] of cases) {
      const ended = await attempt(...args);
      expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code, stdout: '' });
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
    }
  });

  it('explains every command', async () => {
    const { code, stdout } = await attempt('--help');
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: |$)/gm)]
      .map((match) => match[1])
      .filter((name) => name !== 'help');
    expect(commands).toEqual(
      expect.arrayContaining([
        'new',
        'import',
        'status',
        'network',
        'codes',
        'similar',
        'split',
        'train',
        'runs',
        'evaluate',
        'explain',
        'predict',
        'export',
        'labels',
        'remove',
      ]),
    );
    for (const name of commands) {
      const help = await attempt(name, '--help');
      expect({ name, code: help.code }).toEqual({ name, code: 0 });
      expect(help.stdout).toMatch(/^Usage: parfocal /);
    }
  });
});
