import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeCodes } from '../../main/codes/compute.ts';
import { explain } from '../../main/contract/errors.ts';
import { importItems } from '../../main/items/import.ts';
import { addNetwork, listNetworks, type StoredNetwork } from '../../main/networks/library.ts';
import { selectPoint, selectPoints, useNetwork } from '../../main/networks/project-network.ts';
import { createProject, openProject, type Project } from '../../main/projects/project.ts';
import { openClassifier } from '../../main/sharing/classifier.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { addTinyNetwork, integrityOf, noisePng, refusalOf, tinyNetwork, valueOf, workshop } from '../support/core.ts';
import { pngClaiming } from '../support/image-files.ts';

const work = workshop();
let studio: Studio;
let network: StoredNetwork;

beforeAll(async () => {
  studio = work.studio();
  network = await addTinyNetwork(work, studio);
});

/** The sentence that a person is shown when the job fails; undefined where it is taken for a defect. */
const refusal = (job: Promise<unknown>): Promise<string | undefined> =>
  job.then(
    () => {
      throw new Error('The job went well.');
    },
    (error: unknown) => explain(error),
  );

const countOf = (project: Project, table: string): number => Number(valueOf(project, `SELECT COUNT(*) FROM ${table}`));

describe('images that cannot be taken', () => {
  it('are each refused with file and reason, and the others are in', async () => {
    const good = await noisePng(1);
    const folder = work.path('images');
    work.write('images/good.png', good);
    work.write('images/an image under another name.jpg', await noisePng(2));
    work.write('images/truncated.png', good.subarray(0, good.length / 2));
    work.write('images/empty.png', '');
    work.write('images/text.png', 'this is no image');
    work.write('images/bomb.png', pngClaiming(60_000, 60_000, new Uint8Array(100)));
    work.write('images/slide.czi', 'ZISRAWFILE');
    mkdirSync(join(folder, 'folder.png'));
    symlinkSync(join(folder, 'nowhere.png'), join(folder, 'dangling.png'));
    const project = work.project('images');
    const report = await importItems(project, folder);
    expect(report.imported).toBe(2);
    const reasons = Object.fromEntries(report.refused.map(({ source, reason }) => [source, reason]));
    const named = (name: string, reason: string): unknown =>
      expect.stringMatching(new RegExp(`${name.replace('.', '\\.')}: .*${reason}`));
    expect(reasons).toEqual({
      'truncated.png': named('truncated.png', 'damaged or incomplete'),
      'empty.png': named('empty.png', 'the file is empty'),
      'text.png': named('text.png', 'by its content it is text'),
      'bomb.png': named('bomb.png', '60000 × 60000 pixels'),
      'slide.czi': expect.stringContaining('a Zeiss CZI file') as unknown,
      'dangling.png': named('dangling.png', 'There is no such file'),
    });
    expect(integrityOf(project)).toEqual(['ok']);
  });

  it('for want of rights are refused too', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything');
    work.write('closed/a.png', await noisePng(1));
    work.write('closed/b.png', await noisePng(2));
    chmodSync(work.path('closed', 'b.png'), 0);
    const report = await importItems(work.project('closed'), work.path('closed'));
    expect(report.imported).toBe(1);
    expect(report.refused[0].reason).toContain('Permission was denied');
  });
});

describe('sources that cannot be read', () => {
  let sources = 0;
  it.each([
    ['csv', 'label,x\nred,1\n', 'there is no column "image"'],
    ['json', '{"images": [', 'json'],
    ['json', '{"a": 1}', 'neither a COCO data set'],
    ['xml', '<annotation><object></annotation>', 'xml'],
    ['xml', '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>', 'xml'],
    ['csv', '', 'the file is empty'],
    ['xyz', 'anything', 'what this source is cannot be told'],
  ])('as %s holding %j change nothing', async (ending, text, reason) => {
    const name = `source ${++sources}`;
    const file = work.write(`${name}.${ending}`, text);
    const project = work.project(name);
    const outcome = await importItems(project, file).then(
      (report) => report.refused.map(({ source, reason: why }) => `${source}: ${why}`).join(),
      (error: unknown) => explain(error),
    );
    expect(outcome).toContain(name);
    expect(outcome?.toLowerCase()).toContain(reason.toLowerCase());
    expect(countOf(project, 'items')).toBe(0);
  });
});

describe('networks that cannot be taken', () => {
  it('are refused by name and reason, and leave nothing in the library', async () => {
    const bytes = tinyNetwork();
    const before = readdirSync(studio.libraryFolder);
    const add = (
      name: string,
      content: Uint8Array | string,
      options: { scaling?: 'unit' } = { scaling: 'unit' },
    ): Promise<string | undefined> =>
      refusal(addNetwork(studio.libraryFolder, studio.trainer, work.write(name, content), options));
    expect(await add('truncated.onnx', bytes.subarray(0, bytes.length / 2))).toContain('truncated.onnx');
    expect(await add('text.onnx', 'no network')).toContain('text.onnx');
    expect(await add('empty.onnx', '')).toContain('empty.onnx');
    expect(await add('untold.onnx', tinyNetwork(4), {})).toMatch(/untold\.onnx.*--preprocessing/);
    expect(await add('model.json', '{}')).toContain('model.json');
    expect(await refusal(addNetwork(studio.libraryFolder, studio.trainer, work.path('missing.onnx')))).toContain(
      'missing.onnx',
    );
    expect(await add('tiny.onnx', tinyNetwork(6))).toContain('another network named tiny');
    expect(readdirSync(studio.libraryFolder)).toEqual(before);
    expect(listNetworks(studio.libraryFolder)).toHaveLength(1);
  });

  it('are told by the names of what there is', async () => {
    const project = work.project('choices');
    expect(await refusal(useNetwork(studio, project, 'resnet'))).toBe(
      'There is no network resnet. The networks at hand: tiny, starter.',
    );
    expect(() => selectPoints(network, 'conv9')).toThrow(
      /tiny has no freeze point conv9\. It has: 1 .*; or say last, or all\./,
    );
    expect(() => selectPoint(network, 'all')).toThrow('Name one freeze point');
    const bare = work.studio();
    const libraryFolder = work.path('no library');
    const nothing = { ...bare, libraryFolder, boxFolder: libraryFolder };
    expect(await refusal(useNetwork(nothing, project))).toContain('There is no network yet.');
  });

  it('whose stored copy is damaged are named', async () => {
    const project = work.project('damaged copy');
    const own = await useNetwork(studio, project, 'tiny');
    writeFileSync(join(own.folder, 'network.json'), '{');
    expect(await refusal(useNetwork(studio, project))).toContain(
      `${join(own.folder, 'network.json')} is missing or damaged`,
    );
    await useNetwork(studio, project, 'tiny');
    // The file is linked to the library's, which stays whole.
    const file = join(own.folder, own.info.file);
    const damaged = readFileSync(file).subarray(0, 100);
    rmSync(file);
    writeFileSync(file, damaged);
    await importItems(project, work.write('one/one.png', await noisePng(1)));
    const request = { network: own, points: selectPoints(own, 'last'), pooling: 'avg', device: 'cpu' } as const;
    expect(await refusal(computeCodes(studio, project, request))).toContain(own.info.file);
  });

  it('are no classifiers of ours', async () => {
    expect(await refusal(openClassifier(studio, work.path('tiny.onnx')))).toMatch(
      /tiny\.onnx does not say which classes it knows/,
    );
    expect(await refusal(openClassifier(studio, work.path('none.onnx')))).toContain('none.onnx');
  });
});

describe('a full disk', () => {
  const disk = work.path('disk');
  const full = /^(.*: )?The disk is full\. Free some space and try again; what was saved before is kept\.$/;
  let mounted = false;

  beforeAll(() => {
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'parfocal-test', disk], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Only root can, and not in every container.
    }
  });
  afterAll(() => {
    if (mounted) execFileSync('umount', ['-l', disk]);
  });

  const ballast = join(disk, 'ballast');
  const free = (): void => rmSync(ballast, { force: true });
  const fill = (left: number): void => {
    free();
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(ballast, new Uint8Array(Math.max(0, bavail * bsize - left)));
  };

  /** A project on the small disk, in which so many bytes are left. */
  function projectOnDisk(name: string, left: number): Project {
    for (const old of readdirSync(disk)) rmSync(join(disk, old), { recursive: true });
    const project = createProject(join(disk, name));
    fill(left);
    return project;
  }

  async function images(name: string, count: number, size: number): Promise<string> {
    for (let at = 0; at < count; at++)
      work.write(`${name}/${at}.png`, await noisePng(at, { width: size, height: size }));
    return work.path(name);
  }

  it('ends an import that copies, and what was copied before is kept', async ({ skip }) => {
    skip(!mounted, 'a disk of its own cannot be mounted here');
    const source = await images('copies', 60, 64);
    const project = projectOnDisk('copying', 300_000);
    try {
      expect(await refusal(importItems(project, source, { copy: true }))).toMatch(full);
      const kept = readdirSync(project.imagesFolder, { recursive: true }).map(String);
      expect(kept.filter((name) => name.endsWith('.part'))).toEqual([]);
      expect(integrityOf(project)).toEqual(['ok']);
      free();
      const report = await importItems(project, source, { copy: true });
      expect(report.imported + report.alreadyThere).toBe(60);
      expect(countOf(project, 'images')).toBe(60);
    } finally {
      project.close();
      free();
    }
  });

  it('ends the computing of codes, and what was computed before is kept', async ({ skip }) => {
    skip(!mounted, 'a disk of its own cannot be mounted here');
    const rows = Array.from({ length: 1000 }, (_, at) => `slide.png,${at % 50},${Math.floor(at / 50)},10,10`);
    work.write('full/slide.png', await noisePng(1, { width: 64, height: 40 }));
    const source = work.write('full/cells.csv', `image,x,y,width,height\n${rows.join('\n')}\n`);
    const project = projectOnDisk('codes', 2_000_000);
    try {
      await importItems(project, source);
      const own = await useNetwork(studio, project, 'tiny');
      const request = { network: own, points: selectPoints(own, 'last'), pooling: 'avg', device: 'cpu' } as const;
      expect(await refusal(computeCodes(studio, project, request))).toMatch(full);
      const kept = countOf(project, 'codes.codes');
      expect(kept).toBeGreaterThan(0);
      expect(kept).toBeLessThan(1000);
      expect(integrityOf(project)).toEqual(['ok']);
      free();
      expect((await computeCodes(studio, project, request)).computed).toBe(1000 - kept);
    } finally {
      project.close();
      free();
    }
  });

  it('refuses to make or open a project, in a sentence', ({ skip }) => {
    skip(!mounted, 'a disk of its own cannot be mounted here');
    const project = projectOnDisk('opening', 1_000_000);
    project.close();
    fill(0);
    try {
      for (const attempt of [() => openProject(project.folder), () => createProject(join(disk, 'another'))])
        expect(refusalOf(attempt)).toMatch(/disk/);
    } finally {
      free();
    }
    const again = openProject(project.folder);
    expect(integrityOf(again)).toEqual(['ok']);
    again.close();
  });
});
