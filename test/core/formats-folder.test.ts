import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openSource, type SourceOptions } from '../../main/images/sources/index.ts';
import { temporaryFolder, tiff } from '../support/image-files.ts';
import { collect } from '../support/sources.ts';

const folder = temporaryFolder();
let trees = 0;

/** A folder of its own with files of no content: a source opens none. */
function tree(...files: readonly string[]): string {
  const name = `tree${++trees}`;
  for (const file of files) folder.write(`${name}/${file}`, '');
  mkdirSync(`${folder.path}/${name}`, { recursive: true });
  return `${folder.path}/${name}`;
}

async function read(root: string, options: SourceOptions = {}) {
  const source = await openSource(root, options);
  const { records, refusals } = await collect(source);
  const named = records.map(({ image, ...rest }) => ({ ...rest, image: image.slice(root.length + 1) }));
  return { records: named, refusals, withoutGroup: source.withoutGroup() };
}

describe('a folder', () => {
  test('all images below it, sorted by name; hidden files, projects and other files are passed over', async () => {
    const root = tree(
      'b.PNG',
      'a.jpg',
      'z/1.tif',
      'Z/2.webp',
      'ä/3.bmp',
      '.hidden.png',
      '.git/4.png',
      'x.parfocal/cache/5.png',
      'notes.txt',
      'Thumbs.db',
    );
    const { records, refusals } = await read(root);
    expect(records.map(({ image }) => image)).toEqual(['Z/2.webp', 'a.jpg', 'b.PNG', 'z/1.tif', 'ä/3.bmp']);
    expect(records[0]).toEqual({ image: 'Z/2.webp', source: 'Z/2.webp' });
    expect(refusals).toEqual([]);
  });

  test('image files of kinds that are not read are named', async () => {
    const { records, refusals } = await read(tree('a.png', 'slides/b.czi', 'c.HEIC'));
    expect(records).toHaveLength(1);
    expect(refusals.map(({ source, reason }) => `${source}: ${reason}`)).toEqual([
      'c.HEIC: This is an HEIC image, which is not read. Save it as TIFF or PNG.',
      'slides/b.czi: This is a Zeiss CZI file, which is not read. Save it as TIFF or PNG.',
    ]);
  });

  test.skipIf(process.platform === 'win32')('links are followed, never in a circle', async () => {
    const root = tree('a/1.png');
    symlinkSync('..', `${root}/a/up`);
    symlinkSync('.', `${root}/a/self`);
    const outside = tree('2.png');
    symlinkSync(outside, `${root}/b`);
    symlinkSync(`${root}/a/1.png`, `${root}/c.png`);
    symlinkSync('nowhere', `${root}/d.png`);
    // A link to nowhere is called an image, so the importer has to say that it is none.
    expect((await read(root)).records.map(({ image }) => image)).toEqual(['a/1.png', 'b/2.png', 'c.png', 'd.png']);
  });

  test('a single image, whatever its name', async () => {
    const path = folder.write('single.dat', tiff([{ width: 1, height: 1, samples: new Uint8Array([1]) }]));
    const source = await openSource(path);
    expect(source.format).toBe('folder');
    expect((await collect(source)).records).toEqual([{ image: path, source: 'single.dat' }]);
  });

  test('an empty folder has no items', async () => {
    expect((await read(tree())).records).toEqual([]);
  });
});

describe('classes from folders', () => {
  test('the folder that an image lies in', async () => {
    const { records } = await read(tree('cat/1.png', 'pets/dog/2.png', '3.png'), { labels: 'folders' });
    expect(records.map(({ image, label, part }) => [image, label, part])).toEqual([
      ['3.png', undefined, undefined],
      ['cat/1.png', 'cat', undefined],
      ['pets/dog/2.png', 'dog', undefined],
    ]);
  });

  test('topmost folders called train, val or test are parts and no classes', async () => {
    const { records } = await read(
      tree('train/cat/1.png', 'Val/cat/2.png', 'test/dog/3.png', 'test/4.png', 'dog/test/5.png'),
      { labels: 'folders' },
    );
    expect(records.map(({ label, part }) => [label, part])).toEqual([
      ['cat', 'validation'],
      ['test', undefined],
      [undefined, 'test'],
      ['dog', 'test'],
      ['cat', 'train'],
    ]);
  });

  test('no classes unless they are asked for', async () => {
    expect((await read(tree('train/cat/1.png'))).records).toEqual([
      { image: 'train/cat/1.png', source: 'train/cat/1.png' },
    ]);
  });
});

describe('groups', () => {
  const root = tree('mouse1/day-3/a.png', 'mouse1/b.png', 'c.png');
  const groups = async (group: string) => {
    const { records, withoutGroup } = await read(root, { group });
    return [...records.map((record) => record.group), withoutGroup];
  };

  test.each([
    ['image', ['c.png', 'mouse1/b.png', 'mouse1/day-3/a.png', 0]],
    ['folder:1', [undefined, 'mouse1', 'mouse1', 1]],
    ['folder:2', [undefined, undefined, 'day-3', 2]],
    ['folder:-1', [undefined, 'mouse1', 'day-3', 1]],
    ['day-(\\d+)/', [undefined, undefined, '3', 2]],
    ['mouse\\d', [undefined, 'mouse1', 'mouse1', 1]],
    ['^(x)?c', [undefined, undefined, undefined, 3]],
  ])('%s', async (rule, expected) => {
    expect(await groups(rule)).toEqual(expected);
  });

  test('the column of a CSV file, which a rule replaces', async () => {
    const csv = folder.write('g.csv', 'image,group\nsub/a.png,one\nb.png,\n');
    const of = async (options: SourceOptions) =>
      (await collect(await openSource(csv, options))).records.map(({ group }) => group);
    expect(await of({})).toEqual(['one', undefined]);
    expect(await of({ group: 'column' })).toEqual(['one', undefined]);
    expect(await of({ group: 'folder:1' })).toEqual(['sub', undefined]);
  });

  test('images outside the root are seen by their whole path', async () => {
    const csv = folder.write('far/out.csv', 'image\n../mouse7/a.png\n');
    const { records } = await collect(await openSource(csv, { group: '(mouse\\d)/' }));
    expect(records[0].group).toBe('mouse7');
  });

  test('paths that are very long are not searched', async () => {
    const csv = folder.write('long.csv', `image\n${'a/'.repeat(2500)}a.png\n`);
    const source = await openSource(csv, { group: '(a+/?)+$' });
    expect((await collect(source)).records[0].group).toBeUndefined();
    expect(source.withoutGroup()).toBe(1);
  });

  test.each([
    ['(mouse', 'is neither image, column or folder:N nor a regular expression'],
    ['folder', 'Write folder:1 for the topmost folder'],
    ['folder:0', 'Write folder:1 for the topmost folder'],
    ['folder:x', 'Write folder:1 for the topmost folder'],
    ['column', 'groups can be taken from a column only where the source is a CSV file'],
  ])('the rule %s is refused', async (group, reason) => {
    await expect(openSource(root, { group })).rejects.toThrow(reason);
    await expect(openSource(root, { group })).rejects.toMatchObject({ name: 'UserError' });
  });
});

describe('what a source is', () => {
  test('a format that does not fit is refused', async () => {
    const root = tree('a.png');
    const csv = folder.write('x.csv', 'image\na.png\n');
    await expect(openSource(`${root}/none`)).rejects.toThrow('none: there is no such file or folder');
    await expect(openSource(root, { format: 'csv' })).rejects.toThrow('this is a folder, and the format csv is a file');
    await expect(openSource(csv, { format: 'folder' })).rejects.toThrow('this is neither a folder nor an image');
    await expect(openSource(csv, { labels: 'folders' })).rejects.toThrow('labels can be taken from folders only');
    await expect(openSource(csv, { images: csv })).rejects.toThrow('this is not a folder of images');
    await expect(openSource(folder.write('what.xyz', 'abc'))).rejects.toThrow('Name its format');
  });

  test('a folder of images with XML of another kind among them is a folder', async () => {
    expect((await openSource(tree('a.png', 'b.png', 'c.png', 'metadata.xml'))).format).toBe('folder');
    expect((await openSource(tree('a.png', 'a.xml', 'b.png', 'b.xml'))).format).toBe('voc');
  });
});
