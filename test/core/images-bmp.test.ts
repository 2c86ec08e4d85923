import { describe, expect, test } from 'vitest';
import { decodeBitmap } from '../../main/images/bmp.ts';
import { bmp } from '../support/image-files.ts';

const red = [255, 0, 0];
const green = [0, 255, 0];
const blue = [0, 0, 255];
const white = [255, 255, 255];
/** As a palette stores them: blue, green, red. */
const palette = [
  [0, 0, 255],
  [0, 255, 0],
  [255, 0, 0],
  [255, 255, 255],
] as const;

const pixelsOf = (bytes: Uint8Array): number[][] => {
  const { data } = decodeBitmap(bytes);
  return Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(i * 3, i * 3 + 3)]);
};

/** Two rows of three pixels; rows are stored from the bottom up and padded to four bytes. */
const expected = [red, green, blue, white, blue, red];

describe('bitmaps of every depth', () => {
  test('1 bit', () => {
    const bytes = bmp({
      width: 3,
      height: 2,
      depth: 1,
      palette: palette.slice(0, 2),
      data: [0b010 << 5, 0, 0, 0, 0b101 << 5, 0, 0, 0],
    });
    expect(pixelsOf(bytes)).toEqual([green, red, green, red, green, red]);
  });

  test('4 bits', () => {
    const bytes = bmp({ width: 3, height: 2, depth: 4, palette, data: [0x32, 0x00, 0, 0, 0x01, 0x20, 0, 0] });
    expect(pixelsOf(bytes)).toEqual(expected);
  });

  test('8 bits', () => {
    const bytes = bmp({ width: 3, height: 2, depth: 8, palette, data: [3, 2, 0, 0, 0, 1, 2, 0] });
    expect(pixelsOf(bytes)).toEqual(expected);
  });

  test('a colour that the palette does not name is black', () => {
    expect(pixelsOf(bmp({ width: 1, height: 1, depth: 8, palette, data: [9, 0, 0, 0] }))).toEqual([[0, 0, 0]]);
  });

  test('16 bits: five a channel, or six of green by masks', () => {
    const five = bmp({ width: 2, height: 1, depth: 16, data: [0x00, 0x7c, 0xe0, 0x03] });
    expect(pixelsOf(five)).toEqual([red, green]);
    const six = bmp({
      width: 2,
      height: 1,
      depth: 16,
      compression: 3,
      masks: [0xf800, 0x07e0, 0x001f],
      data: [0xe0, 0x07, 0x1f, 0x84],
    });
    // 0x841f: red 16/31, green 32/63, blue 31/31.
    expect(pixelsOf(six)).toEqual([green, [132, 130, 255]]);
  });

  test('24 bits, from the bottom up and from the top down', () => {
    const data = [255, 255, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 255, 0, 255, 0, 255, 0, 0, 0, 0, 0];
    expect(pixelsOf(bmp({ width: 3, height: 2, depth: 24, data }))).toEqual(expected);
    expect(pixelsOf(bmp({ width: 3, height: -2, depth: 24, data }))).toEqual([white, blue, red, red, green, blue]);
  });

  test('32 bits: alpha is left out; masks are followed', () => {
    expect(pixelsOf(bmp({ width: 2, height: 1, depth: 32, data: [0, 0, 255, 0, 255, 0, 0, 128] }))).toEqual([
      red,
      blue,
    ]);
    const masks = [0xff, 0xff00, 0xff0000] as const;
    for (const header of [40, 108] as const)
      expect(
        pixelsOf(
          bmp({ width: 2, height: 1, depth: 32, compression: 3, masks, header, data: [255, 0, 0, 0, 0, 0, 255, 0] }),
        ),
      ).toEqual([red, blue]);
    // The topmost bit of a mask is the sign of a JavaScript integer.
    const high = bmp({
      width: 1,
      height: 1,
      depth: 32,
      compression: 3,
      masks: [0xff000000, 0xff0000, 0xff00],
      data: [0, 0, 128, 255],
    });
    expect(pixelsOf(high)).toEqual([[255, 128, 0]]);
  });

  test('the OS/2 header', () => {
    const four = [...palette, ...new Array<readonly [number, number, number]>(12).fill([0, 0, 0])];
    expect(
      pixelsOf(
        bmp({ width: 3, height: 2, depth: 4, palette: four, header: 12, data: [0x32, 0x00, 0, 0, 0x01, 0x20, 0, 0] }),
      ),
    ).toEqual(expected);
  });
});

describe('run-length bitmaps', () => {
  test('8 bits: runs, single colours, end of line, a jump', () => {
    // Bottom row: 3 2 0 colour by colour; top row: a run of two, then a jump over the last pixel.
    const data = [0, 3, 3, 2, 0, 0, 0, 0, 2, 1, 0, 2, 1, 0, 0, 1];
    expect(pixelsOf(bmp({ width: 3, height: 2, depth: 8, compression: 1, palette, data }))).toEqual([
      green,
      green,
      red,
      white,
      blue,
      red,
    ]);
  });

  test('4 bits: two colours take turns in a run', () => {
    const data = [3, 0x32, 0, 0, 0, 3, 0x01, 0x20, 0, 1];
    expect(pixelsOf(bmp({ width: 3, height: 2, depth: 4, compression: 2, palette, data }))).toEqual([
      red,
      green,
      blue,
      white,
      blue,
      white,
    ]);
  });

  test('runs that leave the image are cut off', () => {
    expect(
      pixelsOf(bmp({ width: 2, height: 1, depth: 8, compression: 1, palette, data: [255, 2, 255, 1, 0, 1] })),
    ).toEqual([blue, blue]);
  });
});

describe('broken bitmaps', () => {
  const whole = bmp({ width: 3, height: 2, depth: 8, palette, data: [3, 2, 0, 0, 0, 1, 2, 0] });

  test('every cut is found', () => {
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeBitmap(whole.subarray(0, length)), `${length} bytes`).toThrow(
        'the file ends before the image does',
      );
  });

  test('every cut of a run-length image is found', () => {
    const runs = bmp({
      width: 3,
      height: 2,
      depth: 8,
      compression: 1,
      palette,
      data: [0, 3, 3, 2, 0, 0, 0, 0, 2, 1, 0, 2, 1, 0, 0, 1],
    });
    for (let length = 0; length < runs.length; length++)
      expect(() => decodeBitmap(runs.subarray(0, length)), `${length} bytes`).toThrow(
        'the file ends before the image does',
      );
  });

  test.each([
    ['no size', { width: 0, height: 2, depth: 8 }, 'given as 0 × 2'],
    ['a negative width', { width: -3, height: 2, depth: 8 }, 'given as -3 × 2'],
    ['an unknown depth', { width: 1, height: 1, depth: 7 }, '7 bits a pixel'],
    ['a JPEG inside', { width: 1, height: 1, depth: 24, compression: 4 }, 'compression 4'],
    ['run lengths of the wrong depth', { width: 1, height: 1, depth: 24, compression: 1 }, 'compression 1'],
  ])('%s', (_, parts, reason) => {
    expect(() => decodeBitmap(bmp({ ...parts, data: [0, 0, 0, 0] }))).toThrow(reason);
  });
});
