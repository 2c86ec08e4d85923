import { describe, expect, test } from 'vitest';
import type { Refusal } from '../../main/contract/images.ts';
import { jsonFault } from '../../main/images/sources/json-fault.ts';
import { openSource, type SourceOptions } from '../../main/images/sources/index.ts';
import { temporaryFolder } from '../support/image-files.ts';
import { collect } from '../support/sources.ts';

const folder = temporaryFolder();

const open = (content: unknown, options: SourceOptions = {}) =>
  openSource(
    folder.write(
      'labels.json',
      typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
    ),
    options,
  );
const read = async (content: unknown, options: SourceOptions = {}) => collect(await open(content, options));
const lines = (refusals: readonly Refusal[]): string[] => refusals.map(({ source, reason }) => `${source}: ${reason}`);

describe('JSON that cannot be read', () => {
  test.each([
    ['{"images": [\n  {"id": 1,}\n]}', /labels\.json: this is not valid JSON: line 2, column 12: /],
    ['{"images": [1, 2', /labels\.json: this is not valid JSON: line 1, column 17: the file ends too early/],
    ['', /labels\.json: this is not valid JSON: line 1, column 1: /],
    ['{\n"a": nonsense}', /line 2, column 6: what begins with nonsense} does/],
    [Buffer.from('{"a": "gr\xfcn"}', 'latin1'), /labels\.json: line 1 is not valid UTF-8/],
    ['{"some": "thing"}', /labels\.json: this JSON file is neither a COCO data set .* nor an export of Label Studio/],
    ['[{"image": "a.png", "choice": "cat"}]', /JSON-MIN is not read/],
  ])('%j', async (content, reason) => {
    await expect(open(content)).rejects.toThrow(reason);
    await expect(open(content)).rejects.toMatchObject({ name: 'UserError' });
  });

  test.each([
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[01]', 1],
    ['[1.]', 1],
    ['["\\x"]', 1],
    ['["a\nb"]', 1],
    ['[tru]', 1],
    ['[truer]', 1],
    ['[1]]', 3],
    ['[1}', 2],
    ['{"a":1', 6],
    ['["abc', 1],
    ['  ', 2],
    ['[{"a": [1, {"b": null}], "c": -1.5e+3}, "\\u00e9\\""] x', 52],
  ])('%j: the place of the fault', (text, position) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(jsonFault(text)).toBe(position);
  });

  test('a byte order mark does no harm', async () => {
    expect((await open('\uFEFF{"images": [], "annotations": [], "categories": []}')).format).toBe('coco');
  });
});

describe('COCO', () => {
  const images = [
    { id: 1, file_name: 'a.png', width: 100, height: 80 },
    { id: 2, file_name: 'sub/b.png', width: 100, height: 80 },
  ];
  const categories = [
    { id: 7, name: 'cell' },
    { id: 9, name: 'größer' },
  ];

  test('boxes, and annotations of whole images', async () => {
    const annotations = [
      { id: 1, image_id: 2, category_id: 9, bbox: [1.5, 2, 30, 40], iscrowd: 0, segmentation: [[1, 2]], area: 5 },
      { id: 2, image_id: 1, category_id: 7 },
    ];
    const source = await open({ images, annotations, categories, info: {} });
    expect(source.format).toBe('coco');
    expect(await collect(source)).toEqual({
      records: [
        {
          image: `${folder.path}/sub/b.png`,
          box: { x: 1.5, y: 2, width: 30, height: 40 },
          label: 'größer',
          source: 'labels.json annotations[0]',
        },
        { image: `${folder.path}/a.png`, label: 'cell', source: 'labels.json annotations[1]' },
      ],
      refusals: [],
    });
  });

  test('images in another folder', async () => {
    folder.write('pictures/note.txt', '');
    const { records } = await read(
      { images, annotations: [{ image_id: 1, category_id: 7 }], categories },
      { images: `${folder.path}/pictures` },
    );
    expect(records[0].image).toBe(`${folder.path}/pictures/a.png`);
  });

  test.each([
    [{ image_id: 5, category_id: 7, bbox: [1, 2, 3, 4] }, 'labels.json annotations[0]: There is no image 5.'],
    [{ image_id: 1, category_id: 5, bbox: [1, 2, 3, 4] }, 'labels.json annotations[0]: There is no category 5.'],
    [{ image_id: 1, category_id: 7, bbox: [1, 2, 3] }, 'labels.json annotations[0]: The annotation is faulty: bbox'],
    [
      { image_id: 1, category_id: 7, bbox: [1, 2, '3', 4] },
      'labels.json annotations[0]: The annotation is faulty: bbox.2',
    ],
    [{ image_id: 1, category_id: 7, bbox: [1, 2, 3, 4], iscrowd: 1 }, 'It marks a crowd'],
    [{ image_id: 1, category_id: 7, segmentation: [[1, 2]] }, 'It has an outline but no bbox.'],
    [null, 'labels.json annotations[0]: The annotation is faulty'],
  ])('%j is refused alone', async (annotation, reason) => {
    const { records, refusals } = await read({
      images,
      annotations: [annotation, { image_id: 1, category_id: 7 }],
      categories,
    });
    expect(records).toHaveLength(1);
    expect(lines(refusals)).toEqual([expect.stringContaining(reason)]);
  });

  test('faulty images and categories', async () => {
    const { records, refusals } = await read({
      images: [
        ...images,
        { id: 1, file_name: 'again.png' },
        { id: 3 },
        { id: 4, file_name: 'http://example.org/d.png' },
      ],
      annotations: [
        { image_id: 1, category_id: 7 },
        { image_id: 4, category_id: 7 },
      ],
      categories: [...categories, { id: 7, name: 'other' }],
    });
    expect(records).toMatchObject([{ image: `${folder.path}/a.png`, label: 'cell' }]);
    expect(lines(refusals)).toEqual([
      'labels.json categories[2]: The category 7 is there twice.',
      'labels.json images[2]: The image 1 is there twice.',
      expect.stringContaining('labels.json images[3]: The entry is faulty: file_name'),
      expect.stringContaining('labels.json images[4]: The image http://example.org/d.png is an address'),
      'labels.json annotations[1]: There is no image 4.',
    ]);
  });

  test('another file under the name of COCO', async () => {
    const source = await open([1, 2], { format: 'coco' });
    await expect(collect(source)).rejects.toThrow('labels.json: this is not a COCO data set');
  });
});

describe('Label Studio', () => {
  const rectangle = (value: object, more: object = {}): object => ({
    id: 'r1',
    type: 'rectanglelabels',
    value: { x: 10, y: 20, width: 50, height: 25, rotation: 0, rectanglelabels: ['cell'], ...value },
    original_width: 640,
    original_height: 480,
    from_name: 'label',
    to_name: 'image',
    ...more,
  });
  const choice = (...choices: readonly string[]): object => ({ id: 'c', type: 'choices', value: { choices } });
  const task = (image: string, ...results: readonly object[]): object => ({
    id: 1,
    data: { image },
    annotations: [{ id: 1, was_cancelled: false, result: results }],
  });
  for (const name of ['a.png', 'b c.png', 'sub/d.png']) folder.write(name, '');

  test('rectangles in percent become boxes in pixels; choices label the image', async () => {
    const source = await open([
      task('/data/upload/3/a.png', rectangle({}), rectangle({ x: 100 / 3, rectanglelabels: [] })),
      task('a.png', choice('good')),
    ]);
    expect(source.format).toBe('label-studio');
    expect(await collect(source)).toEqual({
      records: [
        {
          image: `${folder.path}/a.png`,
          box: { x: 64, y: 96, width: 320, height: 120 },
          label: 'cell',
          source: 'labels.json task 1',
        },
        {
          image: `${folder.path}/a.png`,
          box: { x: 213.33, y: 96, width: 320, height: 120 },
          source: 'labels.json task 1',
        },
        { image: `${folder.path}/a.png`, label: 'good', source: 'labels.json task 2' },
      ],
      refusals: [],
    });
  });

  test('images: uploads with their eight digits, files served from a folder, escaped letters', async () => {
    const named = [
      '/data/upload/1/0a1b2c3d-a.png',
      '/data/local-files/?d=sub/d.png',
      '/data/local-files/?d=elsewhere%2Fb%20c.png',
      'sub/d.png',
    ];
    const { records, refusals } = await read(named.map((name) => task(name, choice('good'))));
    expect(refusals).toEqual([]);
    expect(records.map(({ image }) => image)).toEqual(
      ['a.png', 'sub/d.png', 'b c.png', 'sub/d.png'].map((name) => `${folder.path}/${name}`),
    );
  });

  test('the image under another name of the data', async () => {
    const { records } = await read([
      { data: { text: 'no picture', picture: 'a.png' }, annotations: [{ result: [choice('good')] }] },
    ]);
    expect(records).toMatchObject([{ image: `${folder.path}/a.png` }]);
  });

  test('the last annotation that was not cancelled counts', async () => {
    const results = ['first', 'second', 'third'].map((name) => ({
      was_cancelled: name === 'third',
      result: [choice(name)],
    }));
    expect((await read([{ data: { image: 'a.png' }, annotations: results }])).records).toMatchObject([
      { label: 'second' },
    ]);
  });

  test('a rectangle and its label apart are one item', async () => {
    const { x, y, width, height } = { x: 10, y: 20, width: 50, height: 25 };
    const bare = rectangle({ rectanglelabels: undefined }, { type: 'rectangle' });
    const label = rectangle({ x, y, width, height, rectanglelabels: undefined, labels: ['cell'] }, { type: 'labels' });
    expect((await read([task('a.png', bare, label)])).records).toMatchObject([{ label: 'cell' }]);
    expect((await read([task('a.png', bare)])).records).toMatchObject([{ box: { x: 64 } }]);
  });

  test.each([
    [task('a.png', rectangle({ rotation: 12.5 })), 'The rectangle is turned by 12.5 degrees'],
    [task('a.png', rectangle({ rectanglelabels: ['a', 'b'] })), 'It has the labels a, b; an item has one class'],
    [task('a.png', rectangle({}, { original_width: undefined })), 'lacks x, y, width, height, original_width'],
    [task('a.png', { type: 'polygonlabels', value: { points: [[1, 2]] } }), 'Marks of type polygonlabels are not read'],
    [task('a.png', { type: 'rectanglelabels' }), 'A mark of the task is faulty'],
    [task('a.png', choice()), 'A choice was left open'],
    [task('a.png'), 'The task has no annotation'],
    [{ data: { image: 'a.png' }, annotations: [] }, 'The task has no annotation'],
    [{ data: { text: 'only' }, annotations: [] }, 'The task names no image'],
    [{ image: 'a.png' }, "This is not a task of Label Studio's JSON export"],
    [task('/data/upload/gone.png', choice('x')), 'There is no image gone.png in'],
    [task('s3://bucket/a.png', choice('x')), 'The image s3://bucket/a.png is an address'],
    [task('https://example.org/a.png', choice('x')), 'is an address'],
    [task('data:image/png;base64,AAAA', choice('x')), 'is an address'],
  ])('%j is refused alone', async (faulty, reason) => {
    const { records, refusals } = await read([task('a.png', choice('good')), faulty]);
    expect(records).toMatchObject([{ label: 'good' }]);
    expect(lines(refusals)).toEqual([
      expect.stringMatching(new RegExp(`^labels\\.json task 2: .*${reason.replaceAll('.', '\\.')}`)),
    ]);
  });

  test('another file under the name of Label Studio', async () => {
    await expect(collect(await open({ a: 1 }, { format: 'label-studio' }))).rejects.toThrow('which is a list of tasks');
  });
});
