import { describe, expect, test } from 'vitest';
import { checkBox, pointBox } from '../../main/images/boxes.ts';
import type { Pixels } from '../../main/images/pixels.ts';
import { crop, mirror, renderItems, renderView, viewSquare, wholeBox } from '../../main/images/views.ts';
import { temporaryFolder, tiff } from '../support/image-files.ts';

const folder = temporaryFolder();

/** A grey image from its values, row by row. */
const grey = (rows: readonly (readonly number[])[]): Pixels => ({
  width: rows[0].length,
  height: rows.length,
  data: Uint8Array.from(rows.flat().flatMap((value) => [value, value, value])),
});

/** One channel of an image as rows. */
const rowsOf = (data: Uint8Array, side: number, channel = 0): number[][] =>
  Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => data[(y * side + x) * 3 + channel]));

/** A smooth image with different channels: a wave across, a wave down, a ramp. */
const smooth = (width: number, height: number): Pixels => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    return [127 + 120 * Math.sin(x / 19), 127 + 120 * Math.cos(y / 23), (255 * x) / width][i % 3];
  }),
});

/** The value of a triangle filter at each output pixel, straight from its definition: the witness for both ways of resizing. */
function resizeByDefinition(pixels: Pixels, size: number): number[] {
  const { width: side, data } = pixels;
  const step = side / size;
  const reach = Math.max(1, step);
  const weights = Array.from({ length: size }, (_, i) => {
    const centre = (i + 0.5) * step;
    const all = Array.from({ length: side }, (_, j) => Math.max(0, 1 - Math.abs(j + 0.5 - centre) / reach));
    const sum = all.reduce((a, b) => a + b, 0);
    return all.map((weight) => weight / sum);
  });
  const out: number[] = [];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let channel = 0; channel < 3; channel++) {
        let value = 0;
        for (let v = 0; v < side; v++)
          if (weights[y][v] > 0)
            for (let u = 0; u < side; u++) value += weights[y][v] * weights[x][u] * data[(v * side + u) * 3 + channel];
        out.push(value);
      }
  return out;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
};

describe('the square of a view', () => {
  test('lies around the centre of the box, as long as its longer side', () => {
    expect(viewSquare({ x: 10, y: 20, width: 40, height: 20 }, 0)).toEqual({ x: 10, y: 10, side: 40 });
    expect(viewSquare({ x: 10, y: 20, width: 40, height: 20 }, 0.1)).toEqual({ x: 6, y: 6, side: 48 });
    expect(viewSquare({ x: 0, y: 0, width: 20, height: 40 }, 0.5)).toEqual({ x: -30, y: -20, side: 80 });
  });

  test('is whole pixels: a half goes right and down', () => {
    expect(viewSquare({ x: 0, y: 0, width: 5, height: 4 }, 0)).toEqual({ x: 0, y: -0, side: 5 });
    expect(viewSquare({ x: 3.4, y: 7.6, width: 9.7, height: 2.2 }, 0.1)).toEqual({ x: 2, y: 3, side: 12 });
    expect(viewSquare({ x: 5, y: 5, width: 0.2, height: 0.2 }, 0).side).toBe(1);
  });

  test('of a whole image holds all of it', () => {
    expect(viewSquare(wholeBox(640, 480), 0)).toEqual({ x: 0, y: -80, side: 640 });
    expect(viewSquare(wholeBox(30, 50), 0)).toEqual({ x: -10, y: 0, side: 50 });
  });
});

describe('padding by reflection', () => {
  test('the outermost pixel is repeated, and the image as often as needed', () => {
    expect(Array.from({ length: 15 }, (_, i) => mirror(i - 6, 3))).toEqual([
      0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2,
    ]);
    expect([-3, -1, 0, 1, 7].map((position) => mirror(position, 1))).toEqual([0, 0, 0, 0, 0]);
  });

  test('at a corner', () => {
    const image = grey([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(rowsOf(crop(image, { x: -2, y: -1, side: 4 }), 4)).toEqual([
      [2, 1, 1, 2],
      [2, 1, 1, 2],
      [5, 4, 4, 5],
      [5, 4, 4, 5],
    ]);
    expect(rowsOf(crop(image, { x: 1, y: 1, side: 3 }), 3)).toEqual([
      [5, 6, 6],
      [5, 6, 6],
      [2, 3, 3],
    ]);
  });

  test('inside nothing is padded, and channels stay apart', () => {
    const image = smooth(20, 10);
    const out = crop(image, { x: 7, y: 3, side: 5 });
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 5; x++)
        for (let channel = 0; channel < 3; channel++)
          expect(out[(y * 5 + x) * 3 + channel]).toBe(image.data[((y + 3) * 20 + x + 7) * 3 + channel]);
  });

  test('around an image, and far outside it', () => {
    const image = grey([[1, 2]]);
    expect(rowsOf(crop(image, { x: -2, y: -2, side: 6 }), 6)).toEqual(new Array(6).fill([2, 1, 1, 2, 2, 1]));
    expect(rowsOf(crop(image, { x: 100, y: -50, side: 2 }), 2)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(rowsOf(crop(image, { x: -101, y: 0, side: 2 }), 2)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });
});

describe('resizing', () => {
  test('a square of the right size is taken as it is', async () => {
    const image = smooth(50, 40);
    expect(await renderView(image, { x: 4, y: 5, side: 20 }, 20)).toEqual(crop(image, { x: 4, y: 5, side: 20 }));
  });

  test('enlarged between pixel centres', async () => {
    const out = await renderView(grey([[0, 100]]), { x: 0, y: 0, side: 2 }, 4);
    expect(rowsOf(out, 4)[0]).toEqual([0, 25, 75, 100]);
  });

  test('one pixel fills the view', async () => {
    expect(
      new Set(
        await renderView(
          grey([
            [1, 77],
            [3, 4],
          ]),
          { x: 1, y: 0, side: 1 },
          8,
        ),
      ),
    ).toEqual(new Set([77]));
  });

  test.each([
    [20, 47],
    [31, 32],
    [32, 31],
    [100, 33],
    [100, 64],
  ])('from %i to %i pixels: the triangle filter by its definition', async (side, size) => {
    const image = smooth(side, side);
    const out = await renderView(image, { x: 0, y: 0, side }, size);
    expect(largestDifference(out, resizeByDefinition(image, size))).toBeLessThanOrEqual(2);
  });

  test('what is shrunk does not alias: a fine checkerboard becomes grey', async () => {
    const board = grey(
      Array.from({ length: 120 }, (_, y) => Array.from({ length: 120 }, (_, x) => ((x + y) % 2) * 255)),
    );
    const inner = rowsOf(await renderView(board, { x: 0, y: 0, side: 120 }, 40), 40)
      .slice(2, -2)
      .flatMap((row) => row.slice(2, -2));
    for (const value of inner) expect(Math.abs(value - 127.5)).toBeLessThan(6);
  });

  test('a very large square, most of it reflection, takes little memory', async () => {
    const image = smooth(6000, 40);
    const before = process.memoryUsage().rss;
    const out = await renderView(image, viewSquare(wholeBox(6000, 40), 0), 60);
    expect(process.memoryUsage().rss - before).toBeLessThan(80e6);
    // The ramp from left to right is the same in every row.
    const ramp = rowsOf(out, 60, 2);
    for (const row of [0, 29, 59])
      for (const column of [0, 20, 59])
        expect(Math.abs(ramp[row][column] - (255 * (column + 0.5)) / 60)).toBeLessThan(3);
  });
});

describe('views of one image', () => {
  const samples = Uint8Array.from({ length: 90 * 60 }, (_, i) => (i * i * 13) % 256);
  const squares = [
    { x: 10, y: 10, side: 20 },
    { x: -15, y: 30, side: 50 },
    { x: 0, y: -15, side: 90 },
    { x: 50, y: 20, side: 32 },
  ];

  test('do not depend on which others are asked for', async () => {
    const path = folder.write('image.tif', tiff([{ width: 90, height: 60, samples }]));
    const together = await renderItems(path, {}, squares, 32);
    const backwards = await renderItems(path, {}, squares.toReversed(), 32);
    for (const [i, square] of squares.entries()) {
      const [alone] = await renderItems(path, {}, [square], 32);
      expect(together[i]).toEqual(alone);
      expect(backwards[squares.length - 1 - i]).toEqual(alone);
      expect(alone).toHaveLength(32 * 32 * 3);
    }
  });

  test('follow the page and the display limits', async () => {
    const page = (value: number) => ({ width: 8, height: 8, samples: new Uint16Array(64).fill(value) });
    const path = folder.write('pages.tif', tiff([page(100), page(200)]));
    const [view] = await renderItems(path, { page: 1, limits: { low: 0, high: 400 } }, [{ x: 0, y: 0, side: 8 }], 4);
    expect(new Set(view)).toEqual(new Set([128]));
  });
});

describe('boxes', () => {
  test('inside are taken as they are', () => {
    const box = { x: 0, y: 0.5, width: 640, height: 479.5 };
    expect(checkBox(box, 640, 480)).toEqual(box);
  });

  test('up to a pixel outside are clipped', () => {
    expect(checkBox({ x: -1, y: -0.25, width: 11, height: 10 }, 10, 10)).toEqual({
      x: 0,
      y: 0,
      width: 10,
      height: 9.75,
    });
    expect(checkBox({ x: 5, y: 5, width: 6, height: 5.5 }, 10, 10)).toEqual({ x: 5, y: 5, width: 5, height: 5 });
  });

  test.each([
    [{ x: -1.5, y: 0, width: 5, height: 5 }, 'reaches outside its image of 10 × 10 pixels'],
    [{ x: 8, y: 0, width: 5, height: 5 }, 'The box (x 8, y 0, width 5, height 5) reaches outside'],
    [{ x: 0, y: 100, width: 5, height: 5 }, 'reaches outside'],
    [{ x: 2, y: 2, width: 0, height: 5 }, 'has no area'],
    [{ x: 2, y: 2, width: 3, height: -5 }, 'has no area'],
    [{ x: 2, y: 2, width: 0.5, height: 5 }, 'smaller than one pixel'],
    [{ x: 9.8, y: 2, width: 1, height: 5 }, 'smaller than one pixel'],
    [{ x: NaN, y: 2, width: 1, height: 5 }, 'not made of numbers'],
    [{ x: 0, y: 2, width: Infinity, height: 5 }, 'not made of numbers'],
  ])('%j is refused', (box, reason) => {
    expect(() => checkBox(box, 10, 10)).toThrow(reason);
  });

  test('around a point', () => {
    expect(pointBox(50, 40, 25)).toEqual({ x: 37.5, y: 27.5, width: 25, height: 25 });
  });
});
