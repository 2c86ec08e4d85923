import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ImportRecord, Refusal } from '../../main/contract/images.ts';
import { csvLine, writeCsv } from '../../main/images/csv.ts';
import { openSource, type SourceOptions } from '../../main/images/sources/index.ts';
import { collect } from '../support/sources.ts';
import { temporaryFolder } from '../support/image-files.ts';

const folder = temporaryFolder();

const read = async (content: string | Uint8Array, options: SourceOptions = {}, name = 'labels.csv') =>
  collect(await openSource(folder.write(name, content), options));

const refused = (refusals: readonly Refusal[]): string[] =>
  refusals.map(({ source, reason }) => `${source}: ${reason}`);
const image = (name: string): string => `${folder.path}/${name}`;

describe('a table', () => {
  test('all of its columns', async () => {
    const { records, refusals } = await read(
      'image,label,x,y,width,height,group,split,page\na.tif,cat,1,2.5,30,4e1,mouse 7,train,3\nb/c.png,dog,,,,,,VAL,\n',
    );
    expect(refusals).toEqual([]);
    expect(records).toEqual<ImportRecord[]>([
      {
        image: image('a.tif'),
        page: 3,
        box: { x: 1, y: 2.5, width: 30, height: 40 },
        label: 'cat',
        group: 'mouse 7',
        part: 'train',
        source: 'labels.csv line 2',
      },
      { image: image('b/c.png'), label: 'dog', part: 'validation', source: 'labels.csv line 3' },
    ]);
  });

  test('only the image is needed; columns may be in any order, case and company, and have their usual other names', async () => {
    expect((await read('image\na.png\n')).records).toEqual([{ image: image('a.png'), source: 'labels.csv line 2' }]);
    const { records } = await read('notes,Class,FILENAME\n"said ""so"", twice", cat ,a.png\n');
    expect(records).toEqual([{ image: image('a.png'), label: 'cat', source: 'labels.csv line 2' }]);
  });

  test.each([
    ['commas', 'image,label\na.png,cat\n'],
    ['semicolons', 'image;label\na.png;cat\n'],
    ['tabs', 'image\tlabel\na.png\tcat\n'],
    ['CRLF', 'image,label\r\na.png,cat\r\n'],
    ['no line end at the end', 'image,label\na.png,cat'],
    ['a byte order mark', '\uFEFFimage,label\na.png,cat\n'],
    ['quotes around everything', '"image","label"\n"a.png","cat"\n'],
    ['blank lines and empty rows', 'image,label\n\na.png,cat\n,\n\n'],
    ['UTF-16 with a mark, as spreadsheets write it', Buffer.from('\uFEFFimage\tlabel\na.png\tcat\n', 'utf16le')],
  ])('%s', async (_, content) => {
    const { records, refusals } = await read(content);
    expect(refusals).toEqual([]);
    expect(records).toMatchObject([{ image: image('a.png'), label: 'cat' }]);
  });

  test('names that are not ASCII, and quotes, commas and line breaks in quotes', async () => {
    const { records } = await read('image,label\nμ-пример 画像.png,"größer, ""schöner""\nund mehr"\nb.png,ζ\n');
    expect(records).toMatchObject([
      { image: image('μ-пример 画像.png'), label: 'größer, "schöner"\nund mehr' },
      { image: image('b.png'), label: 'ζ', source: 'labels.csv line 4' },
    ]);
  });

  test('text longer than one piece of reading, cut inside a letter', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `ä${i}.png,ü`);
    const { records } = await read(`image,label\n${rows.join('\n')}\n`);
    expect(records).toHaveLength(20_000);
    expect(records.every(({ label }) => label === 'ü')).toBe(true);
    expect(records.at(-1)).toMatchObject({ image: image('ä19999.png'), source: 'labels.csv line 20001' });
  });

  test('a decimal comma where it does not separate', async () => {
    const { records } = await read('image;x;y;width;height\na.png;1,5;2;3,25;4\n');
    expect(records[0].box).toEqual({ x: 1.5, y: 2, width: 3.25, height: 4 });
  });

  test('paths: of Windows, absolute, relative to another folder', async () => {
    const { records } = await read('image\ntecom\\001.png\n/somewhere/b.png\n', { images: folder.path });
    expect(records.map((record) => record.image)).toEqual([image('tecom/001.png'), '/somewhere/b.png']);
    folder.write('pictures/here.txt', '');
    expect((await read('image\na.png\n', { images: `${folder.path}/pictures` })).records[0].image).toBe(
      image('pictures/a.png'),
    );
  });

  test('points of a given size become boxes', async () => {
    const { records } = await read('image,x,y\na.png,50,40\n', { pointSize: 20 });
    expect(records[0].box).toEqual({ x: 40, y: 30, width: 20, height: 20 });
    await expect(read('image,x,y\na.png,50,40\n')).rejects.toThrow('no column "width" or "height"');
  });
});

describe('faulty rows are refused, one by one, with their line', () => {
  test.each([
    ['image,label\na.png,cat,dog\nok.png,cat\n', 'labels.csv line 2: The row has 3 fields, the first line 2'],
    ['image,label\n,cat\nok.png,cat\n', 'labels.csv line 2: No image is named'],
    ['image,split\na.png,holdout\nok.png,\n', 'labels.csv line 2: The split "holdout" is none of'],
    ['image,page\na.png,-1\nok.png,\n', 'labels.csv line 2: The page "-1"'],
    ['image,x,y,width,height\na.png,1,2,3,\nok.png,,,,\n', 'labels.csv line 2: height is missing from the box'],
    ['image,x,y,width,height\na.png,1,2,3,4px\nok.png,,,,\n', 'height is "4px", which is not a number'],
    ['image,x,y,width,height\na.png,0x10,2,3,4\nok.png,,,,\n', 'x is "0x10", which is not a number'],
    ['image\nhttps://example.org/a.png\nok.png\n', 'The image https://example.org/a.png is an address'],
    ['image\ns3://bucket/a.png\nok.png\n', 'is an address'],
    ['image\na\0.png\nok.png\n', 'holds a zero byte'],
  ])('%j', async (content, reason) => {
    const { records, refusals } = await read(content);
    expect(records.map((record) => record.image)).toEqual([image('ok.png')]);
    expect(refused(refusals)).toEqual([expect.stringContaining(reason)]);
  });
});

describe('a file that is faulty as a whole', () => {
  test('missing columns are named, and those that were found', async () => {
    await expect(read('name,label\na.png,cat\n')).rejects.toThrow(
      'labels.csv: there is no column "image" (or file, filename, file_name, path). The columns found are: name, label.',
    );
    await expect(read('image,x,y,width\na.png,1,2,3\n')).rejects.toThrow('no column for all of x, y, width and height');
    await expect(read('image,label\na.png,cat\n', { group: 'column' })).rejects.toThrow('no column "group"');
  });

  test.each([
    ['an empty file', '', 'labels.csv: the file is empty'],
    [
      'a quote that is never closed',
      'image,label\na.png,"cat\nb.png,dog\n',
      /labels\.csv: line \d+: the quotes or rows of this CSV file are broken/,
    ],
    ['a quote inside a field', 'image,label\na.png,c"a"t\n', 'labels.csv: line 2: the quotes or rows'],
    ['a row without end', `image,label\na.png,"${'x'.repeat(1_100_000)}"\n`, 'labels.csv: line 2: the quotes or rows'],
    [
      'Latin-1',
      Buffer.from('image,label\na.png,cat\nb.png,gr\xfcn\n', 'latin1'),
      'labels.csv: line 3 is not valid UTF-8',
    ],
    ['half a letter at the end', Buffer.from('image\n\xc3', 'latin1'), 'is not valid UTF-8'],
  ])('%s', async (_, content, reason) => {
    await expect(read(content)).rejects.toThrow(reason);
    await expect(read(content)).rejects.toMatchObject({ name: 'UserError' });
  });

  test('what was read before the fault is there', async () => {
    const source = await openSource(folder.write('late.csv', 'image\na.png\n"b\n'));
    expect(await source.records.next()).toMatchObject({ value: { image: image('a.png') } });
    await expect(source.records.next()).rejects.toThrow('late.csv: line 3');
  });

  test('a reader may stop in the middle', async () => {
    const source = await openSource(folder.write('long.csv', `image\n${'a.png\n'.repeat(100_000)}`));
    expect(await source.records.next()).toMatchObject({ done: false });
    await source.records.return(undefined);
    expect(await source.records.next()).toMatchObject({ done: true });
  });
});

describe('a list of images', () => {
  test('one a line', async () => {
    const { records, refusals } = await read(
      'a.png\r\n\r\nsub, folder/b "2".png\r\nhttp://x/y.png\r\nlast.png',
      {},
      'list.txt',
    );
    expect(records).toEqual([
      { image: image('a.png'), source: 'list.txt line 1' },
      { image: image('sub, folder/b "2".png'), source: 'list.txt line 3' },
      { image: image('last.png'), source: 'list.txt line 5' },
    ]);
    expect(refused(refusals)).toEqual([
      expect.stringMatching(/^list\.txt line 4: The image http:\/\/x\/y\.png is an address/),
    ]);
  });

  test('a text file with an image column is a table', async () => {
    expect((await read('label\timage\ncat\ta.png\n', {}, 'table.txt')).records).toMatchObject([{ label: 'cat' }]);
  });
});

describe('writing', () => {
  test('values are quoted where they have to be, and only there', () => {
    expect(csvLine(['plain', 1.5, null, undefined, 'a,b', 'say "so"', 'two\nlines', ' edge ', ''])).toBe(
      'plain,1.5,,,"a,b","say ""so""","two\nlines"," edge ",',
    );
  });

  test('what is written is read back exactly, formulas of spreadsheets included', async () => {
    const labels = ['=cmd()', '+1', '@x', '-', 'ü, "ö"', 'a\r\nb', ' edge ', ';', '\ttab'];
    const path = `${folder.path}/out.csv`;
    await writeCsv(
      path,
      ['image', 'label'],
      labels.map((label) => ['a.png', label]),
    );
    const { records } = await collect(await openSource(path));
    expect(records.map(({ label }) => label)).toEqual(labels);
    expect(readFileSync(path, 'utf8').split('\n')[1]).toBe('a.png,=cmd()');
  });

  test('a file appears whole or not at all', async () => {
    const path = folder.write('kept.csv', 'old');
    const failing = function* (): Generator<string[]> {
      yield ['a'];
      throw new Error('in the middle');
    };
    await expect(writeCsv(path, ['image'], failing())).rejects.toThrow('in the middle');
    expect(readFileSync(path, 'utf8')).toBe('old');
    await expect(writeCsv(`${folder.path}/none/out.csv`, ['image'], [])).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('out.csv: the file cannot be written') as string,
    });
  });
});
