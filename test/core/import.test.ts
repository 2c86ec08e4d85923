import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Control } from '../../main/contract/progress.ts';
import { importItems, type ImportReport } from '../../main/items/import.ts';
import { listViews } from '../../main/items/views.ts';
import { findClass } from '../../main/labels/classes.ts';
import { labelItems, undoLabels } from '../../main/labels/label-items.ts';
import { listLabels } from '../../main/labels/list-labels.ts';
import { projectStatus } from '../../main/overview/status.ts';
import type { Project } from '../../main/projects/project.ts';
import { setSetting } from '../../main/projects/settings.ts';
import { integrityOf, noisePng, valueOf, workshop } from '../support/core.ts';
import { tiff } from '../support/image-files.ts';

const work = workshop();

const countOf = (project: Project, table: string): unknown => valueOf(project, `SELECT COUNT(*) FROM ${table}`);

/** A folder with sub-folders red and green of two images each, and one image beside them. */
async function writeFolder(name: string): Promise<string> {
  for (const [at, file] of ['red/1.png', 'red/2.png', 'green/3.png', 'green/4.png', '5.png'].entries())
    work.write(join(name, file), await noisePng(at + 1));
  return work.path(name);
}

/** The figures of a report, without its lists. */
const figures = ({ imported, alreadyThere, labelled }: ImportReport): number[] => [imported, alreadyThere, labelled];

describe('an import', () => {
  it('of a folder takes its images, and sub-folders as classes when asked', async () => {
    const source = await writeFolder('folder');
    const plain = work.project('plain');
    expect(await importItems(plain, source)).toEqual({
      format: 'folder',
      imported: 5,
      alreadyThere: 0,
      labelled: 0,
      withoutGroup: 5,
      conflicts: [],
      refused: [],
    });
    const labelled = work.project('labelled');
    expect(figures(await importItems(labelled, source, { labels: 'folders', group: 'folder:1' }))).toEqual([5, 0, 4]);
    expect(projectStatus(labelled)).toMatchObject({
      images: 5,
      missingImages: 0,
      items: 5,
      regions: 0,
      groups: 2,
      labelled: 4,
      classes: [
        { name: 'green', items: 2, groups: 1 },
        { name: 'red', items: 2, groups: 1 },
      ],
    });
    const image = labelled.database.prepare('SELECT * FROM images ORDER BY path').get();
    expect(image).toMatchObject({ width: 24, height: 20, format: 'png', bits: 8, copied: 0, display_low: null });
  });

  it('of a CSV file takes regions, groups and parts, and labels as one act that undo does not touch', async () => {
    work.write('csv/a.png', await noisePng(1, { width: 100, height: 80 }));
    work.write('csv/b.png', await noisePng(2, { width: 100, height: 80 }));
    const source = work.write(
      'csv/cells.csv',
      [
        'image,label,x,y,width,height,group,split',
        'a.png,red,0,0,10,10,P1,train',
        'a.png,green,20.5,10,10,12,P1,train',
        'b.png,red,5,5,20,20,P2,test',
        'b.png,,50,5,20,20,P2,test',
      ].join('\r\n'),
    );
    const project = work.project('csv');
    const report = await importItems(project, source, { margin: 0.25 });
    expect(figures(report)).toEqual([4, 0, 3]);
    expect(
      [...listLabels(project)].map(({ x, y, width, height, label, group, split }) => [
        x,
        y,
        width,
        height,
        label,
        group,
        split,
      ]),
    ).toEqual([
      [0, 0, 10, 10, 'red', 'P1', 'train'],
      [20.5, 10, 10, 12, 'green', 'P1', 'train'],
      [5, 5, 20, 20, 'red', 'P2', 'test'],
    ]);
    expect(countOf(project, 'images')).toBe(2);
    expect(valueOf(project, 'SELECT DISTINCT margin FROM items')).toBe(0.25);
    expect(countOf(project, 'label_operations')).toBe(1);
    expect(undoLabels(project)).toBeUndefined();
  });

  it('of Pascal VOC takes its objects', async () => {
    work.write('voc/JPEGImages/a.png', await noisePng(1, { width: 100, height: 80 }));
    const object = (name: string, x: number): string =>
      `<object><name>${name}</name><bndbox><xmin>${x}</xmin><ymin>1</ymin><xmax>${x + 10}</xmax><ymax>20</ymax></bndbox></object>`;
    work.write(
      'voc/Annotations/a.xml',
      `<annotation><filename>a.png</filename>${object('RBC', 1)}${object('WBC', 30)}</annotation>`,
    );
    const project = work.project('voc');
    const report = await importItems(project, work.path('voc'), { group: 'image' });
    expect([report.format, ...figures(report)]).toEqual(['voc', 2, 0, 2]);
    expect(projectStatus(project)).toMatchObject({ images: 1, regions: 2, groups: 1 });
  });

  it('twice, or of the same content under other names, makes nothing twice', async () => {
    const source = await writeFolder('doubled');
    copyFileSync(join(source, '5.png'), join(source, 'red', 'same as 5.png'));
    const project = work.project('doubled');
    expect(figures(await importItems(project, source))).toEqual([5, 1, 0]);
    const before = valueOf(project, 'SELECT group_concat(path) FROM images');
    expect(figures(await importItems(project, source, { labels: 'folders' }))).toEqual([0, 6, 5]);
    expect(figures(await importItems(project, source, { labels: 'folders' }))).toEqual([0, 6, 0]);
    expect(countOf(project, 'images')).toBe(5);
    expect(valueOf(project, 'SELECT group_concat(path) FROM images')).toBe(before);
  });

  it('keeps labels that differ, reports them, and does not bring back one that was taken away', async () => {
    const source = await writeFolder('conflicts');
    const project = work.project('conflicts');
    await importItems(project, source, { labels: 'folders' });
    const red = findClass(project, 'red').id;
    const [first, second] = [...listLabels(project)].filter(({ label }) => label === 'green');
    labelItems(project, [
      { itemId: first.item, classId: red },
      { itemId: second.item, classId: null },
    ]);
    const again = await importItems(project, source, { labels: 'folders' });
    expect(again.labelled).toBe(0);
    expect(again.conflicts).toEqual([
      { source: 'green/3.png', reason: 'labelled green there and red in the project' },
      { source: 'green/4.png', reason: 'labelled green there and not at all in the project' },
    ]);
    expect(undoLabels(project)).toBe(2);
  });

  it('corrects groups and parts by the last word of the source', async () => {
    const project = work.project('corrected');
    work.write('corrected/a.png', await noisePng(1));
    const source = (text: string): string => work.write('corrected/cells.csv', text);
    await importItems(project, source('image,group,split\na.png,P1,train\n'));
    await importItems(project, source('image\na.png\n'));
    expect(valueOf(project, `SELECT group_name || ' ' || part FROM items`)).toBe('P1 train');
    await importItems(project, source('image,group,split\na.png,P2,test\n'));
    expect(valueOf(project, `SELECT group_name || ' ' || part FROM items`)).toBe('P2 test');
  });

  it('refuses what cannot be taken, each with its reason, and the rest is in', async () => {
    work.write('bad/good.png', await noisePng(1, { width: 100, height: 80 }));
    work.write('bad/truncated.png', (await noisePng(2)).subarray(0, 300));
    work.write('bad/empty.png', '');
    const source = work.write(
      'bad/cells.csv',
      [
        'image,label,x,y,width,height',
        'good.png,red,0,0,10,10',
        'truncated.png,red,0,0,10,10',
        'truncated.png,red,5,5,10,10',
        'empty.png,red,0,0,10,10',
        'missing.png,red,0,0,10,10',
        'good.png,red,90,70,20,20',
        'good.png,red,5,5,0,10',
        'good.png,green,10,10,20,20',
      ].join('\n'),
    );
    const project = work.project('bad');
    const report = await importItems(project, source);
    expect(figures(report)).toEqual([2, 0, 2]);
    expect(report.refused.map(({ source: place }) => place)).toEqual(
      [3, 5, 6, 7, 8].map((line) => `cells.csv line ${line}`),
    );
    expect(report.refused.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(
        /truncated\.png: the PNG image cannot be decoded, it is damaged or incomplete: .* All 2 items of this image are left out\./,
      ),
      expect.stringContaining('empty.png: the file is empty.'),
      expect.stringMatching(/missing\.png: .*no such file/),
      expect.stringContaining('reaches outside its image of 100 × 80 pixels'),
      expect.stringContaining('has no area'),
    ]);
    expect(countOf(project, 'images')).toBe(1);
  });

  it('of a source that breaks off keeps what came before', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `${at}.png`);
    for (const [at, name] of names.entries()) work.write(`broken/${name}`, await noisePng(at));
    const source = work.write('broken/cells.csv', `image\n${names.join('\n')}\n"never closed\n`);
    const project = work.project('broken');
    await expect(importItems(project, source)).rejects.toThrow(/cells\.csv: line 14/);
    expect(countOf(project, 'items')).toBeGreaterThan(0);
    expect(integrityOf(project)).toEqual(['ok']);
  });

  it('refuses a margin that makes no sense', async () => {
    const project = work.project('margins');
    await expect(importItems(project, work.folder, { margin: -1 })).rejects.toThrow('The margin is -1');
    await expect(importItems(project, work.path('nowhere'))).rejects.toThrow('there is no such file or folder');
  });
});

describe('images', () => {
  it('of 16 bits keep their display limits, and pages are images of their own', async () => {
    const page = (offset: number): { width: number; height: number; samples: Uint16Array } => ({
      width: 40,
      height: 30,
      samples: Uint16Array.from({ length: 1200 }, (_, at) => offset + at),
    });
    work.write('deep/stack.tif', tiff([page(1000), page(20000)]));
    const source = work.write('deep/cells.csv', 'image,page,label\nstack.tif,0,a\nstack.tif,1,b\nstack.tif,2,b\n');
    const project = work.project('deep');
    const report = await importItems(project, source);
    expect(figures(report)).toEqual([2, 0, 2]);
    expect(report.refused).toEqual([
      { source: 'cells.csv line 4', reason: expect.stringContaining('stack.tif') as string },
    ]);
    const images = project.database
      .prepare('SELECT page, pages, bits, channels, display_low AS low, display_high AS high FROM images ORDER BY page')
      .all();
    expect(images).toEqual([
      { page: 0, pages: 2, bits: 16, channels: 1, low: 1001, high: 2198 },
      { page: 1, pages: 2, bits: 16, channels: 1, low: 20001, high: 21198 },
    ]);
    expect(listViews(project).images.map(({ limits }) => limits)).toEqual([
      { low: 1001, high: 2198 },
      { low: 20001, high: 21198 },
    ]);
    setSetting(project, 'displayLimits', { low: 0, high: 4095 });
    expect(listViews(project).images.map(({ limits }) => limits)).toEqual([
      { low: 0, high: 4095 },
      { low: 0, high: 4095 },
    ]);
  });

  it('are found again by their content when their folder was moved', async () => {
    const source = await writeFolder('before');
    const project = work.project('moved');
    await importItems(project, source, { labels: 'folders' });
    renameSync(source, work.path('after'));
    expect(projectStatus(project).missingImages).toBe(5);
    expect(figures(await importItems(project, work.path('after')))).toEqual([0, 5, 0]);
    expect(projectStatus(project)).toMatchObject({ images: 5, missingImages: 0, labelled: 4 });
    expect(listViews(project).images.every(({ path }) => path.startsWith(work.path('after')))).toBe(true);
  });

  it('that stay keep their place when a copy of them is imported', async () => {
    const source = await writeFolder('stays');
    mkdirSync(work.path('second'));
    copyFileSync(join(source, '5.png'), work.path('second', '5.png'));
    const project = work.project('stays');
    await importItems(project, source);
    await importItems(project, work.path('second'));
    expect(listViews(project).images.every(({ path }) => path.startsWith(source))).toBe(true);
  });

  it('that were only touched are known by their new time after the next import', async () => {
    const source = await writeFolder('touched');
    const project = work.project('touched');
    await importItems(project, source);
    utimesSync(join(source, '5.png'), 1_000_000, 1_000_000);
    expect(figures(await importItems(project, source))).toEqual([0, 5, 0]);
    expect(valueOf(project, 'SELECT MIN(modified_ms) FROM images')).toBe(1_000_000_000);
  });

  it('can be copied in, each content once, also after they were referred to', async () => {
    const source = await writeFolder('copied');
    for (let copy = 0; copy < 6; copy++) copyFileSync(join(source, '5.png'), join(source, `5 again ${copy}.png`));
    const project = work.project('copied');
    await importItems(project, source);
    const report = await importItems(project, source, { copy: true, labels: 'folders' });
    expect([...figures(report), report.refused]).toEqual([0, 11, 4, []]);
    const files = readdirSync(project.imagesFolder, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    expect(files).toHaveLength(5);
    expect(files.every(({ name }) => /^[0-9a-f]{64}\.png$/.test(name))).toBe(true);
    rmSync(source, { recursive: true });
    expect(projectStatus(project).missingImages).toBe(0);
    const [labelled] = listLabels(project);
    expect(readFileSync(labelled.image)).toEqual(await noisePng(3));
    // The whole project can be moved.
    project.close();
    renameSync(project.folder, work.path('elsewhere.parfocal'));
    const elsewhere = work.reopen({ ...project, folder: work.path('elsewhere.parfocal') });
    expect(projectStatus(elsewhere).missingImages).toBe(0);
  });
});

/** Images enough for several batches, and the control that stops half way. */
describe('an import that is stopped', () => {
  const count = 900;
  let source: string;
  beforeAll(async () => {
    mkdirSync(work.path('many'));
    source = work.path('many');
    for (let at = 0; at < count; at++)
      writeFileSync(join(source, `${String(at).padStart(4, '0')}.png`), await noisePng(at, { width: 6, height: 5 }));
  });

  it('keeps what was read and goes on with the rest', async () => {
    const project = work.project('cancelled');
    const stop = new AbortController();
    const control: Control = {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 550) stop.abort();
      },
    };
    await expect(importItems(project, source, {}, control)).rejects.toThrow(
      'The import (550 new items are kept; run it again to go on) was cancelled.',
    );
    expect(countOf(project, 'items')).toBe(550);
    expect(figures(await importItems(project, source))).toEqual([350, 550, 0]);
    expect(countOf(project, 'images')).toBe(count);
  });

  it('by the end of its process goes on too, and nothing is damaged or doubled', async () => {
    const project = work.project('killed');
    project.close();
    const core = work.child(['import', project.folder, source, '600']);
    while ((await core.nextLine()) !== '600');
    core.kill();
    expect((await core.ended).signal).toBe('SIGKILL');
    const again = work.reopen(project);
    const kept = Number(countOf(again, 'items'));
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(600);
    expect(integrityOf(again)).toEqual(['ok']);
    expect(figures(await importItems(again, source))).toEqual([count - kept, kept, 0]);
    expect([countOf(again, 'images'), countOf(again, 'items')]).toEqual([count, count]);
  });

  it('is not needed for another one to run beside it: nothing is made twice', async () => {
    const project = work.project('side by side');
    const few = await writeFolder('few');
    const reports = await Promise.all([importItems(project, few), importItems(project, few, { copy: true })]);
    expect(reports.map(({ imported, alreadyThere }) => imported + alreadyThere)).toEqual([5, 5]);
    expect(reports[0].imported + reports[1].imported).toBe(5);
    expect(countOf(project, 'images')).toBe(5);
  });
});
