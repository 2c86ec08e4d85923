import { describe, expect, test } from 'vitest';
import { openSource } from '../../main/images/sources/index.ts';
import { temporaryFolder } from '../support/image-files.ts';
import { collect } from '../support/sources.ts';

const folder = temporaryFolder();

const object = (name: string, corners: readonly (number | string)[]): string =>
  `<object><name>${name}</name><part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>` +
  `<bndbox>${['xmin', 'ymin', 'xmax', 'ymax'].map((tag, i) => `<${tag}>${corners[i]}</${tag}>`).join('')}</bndbox></object>`;
const annotation = (filename: string, ...objects: readonly string[]): string =>
  `<annotation>\n<filename>${filename}</filename>\n${objects.join('\n')}\n</annotation>\n`;

let dataSets = 0;
/** A data set in a folder of its own. */
function dataSet(files: Readonly<Record<string, string | Uint8Array>>): string {
  const name = `set${++dataSets}`;
  for (const [file, content] of Object.entries(files)) folder.write(`${name}/${file}`, content);
  return `${folder.path}/${name}`;
}
const read = async (path: string, options = {}) => collect(await openSource(path, { format: 'voc', ...options }));
/** The only refusal that an annotation gives. */
async function refusalOf(xml: string | Uint8Array): Promise<string> {
  const { records, refusals } = await read(
    dataSet({
      'Annotations/bad.xml': xml,
      'Annotations/good.xml': annotation('a.jpg', object('cell', [1, 2, 3, 4])),
      'JPEGImages/a.jpg': '',
      'JPEGImages/bad.jpg': '',
    }),
  );
  expect(records, 'the rest is read').toHaveLength(1);
  expect(refusals).toHaveLength(1);
  return `${refusals[0].source}: ${refusals[0].reason}`;
}

describe('a data set', () => {
  test('objects, their boxes and lines; parts of objects are passed over', async () => {
    const path = dataSet({
      'Annotations/b.xml': annotation(
        'b.jpg',
        object('red &amp; white', [10, 20, 110, 60]),
        object('Ω-cell', ['0.5', 0, 640, 480]),
      ),
      'Annotations/a.xml': annotation('a.jpg', object('cell', [1, 1, 2, 2])),
      'JPEGImages/a.jpg': '',
      'JPEGImages/b.jpg': '',
    });
    const source = await openSource(path);
    expect(source).toMatchObject({ format: 'voc', root: path });
    const { records, refusals } = await collect(source);
    expect(refusals).toEqual([]);
    expect(records).toEqual([
      {
        image: `${path}/JPEGImages/a.jpg`,
        box: { x: 1, y: 1, width: 1, height: 1 },
        label: 'cell',
        source: 'a.xml line 3',
      },
      {
        image: `${path}/JPEGImages/b.jpg`,
        box: { x: 10, y: 20, width: 100, height: 40 },
        label: 'red & white',
        source: 'b.xml line 3',
      },
      {
        image: `${path}/JPEGImages/b.jpg`,
        box: { x: 0.5, y: 0, width: 639.5, height: 480 },
        label: 'Ω-cell',
        source: 'b.xml line 4',
      },
    ]);
  });

  test('lists become parts; an image in two of them gets none and is reported', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const path = dataSet({
      ...Object.fromEntries(
        names.map((name) => [`Annotations/${name}.xml`, annotation(`${name}.jpg`, object('cell', [0, 0, 5, 5]))]),
      ),
      ...Object.fromEntries(names.map((name) => [`JPEGImages/${name}.jpg`, ''])),
      'ImageSets/Main/train.txt': 'a\r\nd\r\n',
      'ImageSets/Main/val.txt': 'b\n',
      'ImageSets/Main/test.txt': 'c\nd\n',
      'ImageSets/Main/trainval.txt': 'a\nb\n',
    });
    const { records, refusals } = await read(path);
    expect(records.map(({ part }) => part)).toEqual(['train', 'validation', 'test', undefined, undefined]);
    expect(refusals).toEqual([
      {
        source: 'ImageSets/Main/test.txt',
        reason: 'd is also in train.txt: it is imported without a part of the split.',
      },
    ]);
  });

  test('trainval alone is for training', async () => {
    const path = dataSet({
      'Annotations/a.xml': annotation('a.jpg', object('cell', [0, 0, 5, 5])),
      'JPEGImages/a.jpg': '',
      'ImageSets/Main/trainval.txt': 'a\n',
    });
    expect((await read(path)).records[0].part).toBe('train');
  });

  test('images under the name of the XML file, in another folder, named by a path of another machine', async () => {
    const path = dataSet({
      'x.xml': annotation('renamed.png', object('cell', [0, 0, 5, 5])),
      'y.xml': annotation('C:\\data\\why.png', object('cell', [0, 0, 5, 5])),
      'pictures/x.PNG': '',
      'pictures/why.png': '',
    });
    const { records } = await read(path, { images: `${path}/pictures` });
    expect(records.map(({ image }) => image)).toEqual([`${path}/pictures/x.PNG`, `${path}/pictures/why.png`]);
  });

  test('one annotation with its image beside it', async () => {
    const path = dataSet({ 'x.xml': annotation('x.png', object('cell', [0, 0, 5, 5])), 'x.png': '' });
    const source = await openSource(`${path}/x.xml`);
    expect(source.format).toBe('voc');
    expect((await collect(source)).records).toMatchObject([{ image: `${path}/x.png`, label: 'cell' }]);
  });

  test('a folder without annotations', async () => {
    await expect(read(dataSet({ 'Annotations/readme.txt': '' }))).rejects.toThrow('there are no XML annotations here');
  });

  test('other encodings, by the XML declaration or a mark', async () => {
    const xml = `<?xml version="1.0" encoding="ISO-8859-1"?>${annotation('a.jpg', object('größe', [0, 0, 5, 5]))}`;
    const path = dataSet({
      'a.xml': Buffer.from(xml, 'latin1'),
      'b.xml': Buffer.from(`\uFEFF${annotation('a.jpg', object('μ', [0, 0, 5, 5]))}`, 'utf16le'),
      'a.jpg': '',
    });
    expect((await read(path)).records.map(({ label }) => label)).toEqual(['größe', 'μ']);
  });
});

describe('a faulty annotation is refused alone, with its file and line', () => {
  test.each([
    [
      'broken XML',
      '<annotation>\n<filename>bad.jpg</filename>\n<object></annotation>',
      /^bad\.xml: line 3: the XML is broken: Unexpected close tag/,
    ],
    ['XML that ends too early', '<annotation>\n<filename>bad.jpg', /^bad\.xml: line 2: the XML is broken/],
    ['an empty file', '', /^bad\.xml: line 1: the file is empty/],
    [
      'another kind of XML',
      '<html><body/></html>',
      /^bad\.xml: line 1: this is not a Pascal VOC annotation: the document is a <html>/,
    ],
    [
      'an entity bomb',
      `<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>\n${annotation('bad.jpg', object('&b;', [0, 0, 5, 5]))}`,
      /^bad\.xml: line 2: a document type declaration is not read/,
    ],
    [
      'an unknown entity',
      annotation('bad.jpg', object('&b;', [0, 0, 5, 5])),
      /^bad\.xml: line 3: the XML is broken: Invalid character entity/,
    ],
    ['elements without end', '<annotation>'.repeat(1000), /^bad\.xml: line 1: elements are nested more than 50 deep/],
    [
      'an object without a name',
      annotation('bad.jpg', object('', [0, 0, 5, 5])),
      /^bad\.xml line 3: The object has no name/,
    ],
    [
      'an object without a box',
      annotation('bad.jpg', '<object><name>cell</name></object>'),
      /^bad\.xml line 3: The object cell has no xmin/,
    ],
    [
      'a corner that is no number',
      annotation('bad.jpg', object('cell', [0, 0, 'NaN', 5])),
      /^bad\.xml line 3: The xmax of the object cell is "NaN"/,
    ],
    ['no object', annotation('bad.jpg'), /^bad\.xml: No object is marked in it/],
    [
      'not UTF-8',
      Buffer.from(annotation('bad.jpg', object('gr\xfcn', [0, 0, 5, 5])), 'latin1'),
      /bad\.xml: line 3 is not valid UTF-8/,
    ],
    [
      'an unknown encoding',
      `<?xml version="1.0" encoding="klingon"?>${annotation('bad.jpg')}`,
      /the encoding klingon is not known/,
    ],
    [
      'a huge file',
      `<annotation>${' '.repeat(17 * 2 ** 20)}</annotation>`,
      /bad\.xml: the file has \d+ bytes; at most/,
    ],
  ])('%s', async (_, xml, reason) => {
    expect(await refusalOf(xml)).toMatch(reason);
  });

  test('a missing image is named once for all of its objects', async () => {
    const path = dataSet({
      'Annotations/gone.xml': annotation('gone.jpg', object('cell', [0, 0, 5, 5]), object('cell', [1, 1, 5, 5])),
      'JPEGImages/other.jpg': '',
    });
    expect(await read(path)).toEqual({
      records: [],
      refusals: [{ source: 'gone.xml', reason: expect.stringContaining('There is no image gone.jpg in') as string }],
    });
  });
});
