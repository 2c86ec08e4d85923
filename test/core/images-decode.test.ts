import { execFileSync } from 'node:child_process';
import sharp, { type Color, type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeImage, inspectImage } from '../../main/images/decode.ts';
import { hashFile } from '../../main/images/hash.ts';
import { readPixels } from '../../main/images/pixels.ts';
import { bmp, pngClaiming, temporaryFolder, tiff } from '../support/image-files.ts';

const folder = temporaryFolder();

/** Coloured noise, so that no format can compress it to nothing: 40 × 30. */
const noise = (): Sharp => {
  const data = new Uint8Array(40 * 30 * 3).map((_, i) => (i * i * 31 + i * 7) % 251);
  return sharp(data, { raw: { width: 40, height: 30, channels: 3 } });
};

const encoded: Record<string, Buffer> = {};

beforeAll(async () => {
  encoded.png = await noise().png().toBuffer();
  encoded['interlaced png'] = await noise().png({ progressive: true }).toBuffer();
  encoded.jpeg = await noise().jpeg().toBuffer();
  encoded['progressive jpeg'] = await noise().jpeg({ progressive: true }).toBuffer();
  encoded.webp = await noise().webp().toBuffer();
  encoded['lossless webp'] = await noise().webp({ lossless: true }).toBuffer();
  encoded.gif = await noise().gif().toBuffer();
  for (const compression of ['none', 'lzw', 'deflate', 'jpeg'] as const)
    encoded[`tiff (${compression})`] = await noise().tiff({ compression }).toBuffer();
  encoded.bmp = bmp({ width: 40, height: 30, depth: 24, data: [...(await noise().raw().toBuffer())] });
});

const names = [
  'png',
  'interlaced png',
  'jpeg',
  'progressive jpeg',
  'webp',
  'lossless webp',
  'gif',
  'tiff (none)',
  'tiff (lzw)',
  'tiff (deflate)',
  'tiff (jpeg)',
  'bmp',
];

describe('every format', () => {
  test.each(names)('%s is recognised by its content, whatever its name', async (name) => {
    const path = folder.write('picture.txt', encoded[name]);
    const info = await inspectImage(path);
    expect(info).toEqual({
      format: name.match(/png|jpeg|webp|gif|tiff|bmp/)![0].replace(/.*tiff.*/, 'tiff'),
      width: 40,
      height: 30,
      pages: 1,
      channels: info.channels,
      bits: 8,
    });
    const pixels = await readPixels(path);
    expect(pixels.data).toHaveLength(40 * 30 * 3);
  });

  test('lossless formats give the same pixels', async () => {
    const expected = [...(await noise().raw().toBuffer())];
    for (const name of ['png', 'interlaced png', 'lossless webp', 'tiff (none)', 'tiff (lzw)', 'tiff (deflate)'])
      expect([...(await readPixels(folder.write('picture', encoded[name]))).data], name).toEqual(expected);
  });

  test.each(names)('%s: no truncated file is taken, wherever it is cut', async (name) => {
    const whole = encoded[name];
    // The last 12 bytes of a PNG and the last of a GIF only say that the file ends here: without them the image is complete.
    const needed = whole.length - (name.includes('png') ? 12 : name === 'gif' ? 1 : 0);
    const cuts = [1, 2, 3, 10, 100].map((missing) => needed - missing);
    const lengths = [...cuts, ...[0.9, 0.5, 0.2, 0.05].map((share) => Math.floor(needed * share)), 30, 9, 1];
    for (const length of lengths) {
      const path = folder.write('cut.img', whole.subarray(0, length));
      for (const read of [inspectImage, readPixels])
        await expect(read(path), `${length} of ${whole.length} bytes`).rejects.toMatchObject({
          name: 'UserError',
          message: expect.stringContaining(path) as string,
        });
    }
  });
});

test('a JPEG is shown as it is decoded the long way, in grey, RGB and CMYK', async () => {
  for (const space of ['b-w', 'srgb', 'cmyk'] as const) {
    const path = folder.write('picture.jpg', await noise().toColourspace(space).jpeg().toBuffer());
    const { samples } = await decodeImage(path, 0);
    expect(Buffer.compare((await readPixels(path)).data, samples as Uint8Array), space).toBe(0);
  }
});

describe('files that are no images', () => {
  test.each([
    ['empty.png', '', 'the file is empty'],
    ['text.jpg', 'This is not an image.\n', 'by its content it is text'],
    ['zeros.tif', Buffer.alloc(1000), 'nothing but zeros'],
    ['paper.png', '%PDF-1.7\n%\xe2\xe3', 'a PDF document'],
    ['drawing.png', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'by its content it is text'],
    ['slide.tif', 'ZISRAWFILE\0\0\0\0\0\0', 'a Zeiss CZI file'],
    ['letter.bmp', 'BMW is a maker of cars and motorcycles.', 'by its content it is text'],
  ])('%s', async (name, content, reason) => {
    const path = folder.write(name, content);
    await expect(inspectImage(path)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(new RegExp(`^${path}: .*${reason}`)) as string,
    });
  });

  test('a missing file, a folder', async () => {
    await expect(inspectImage(`${folder.path}/none.png`)).rejects.toThrow('none.png: there is no such file.');
    await expect(readPixels(folder.path)).rejects.toMatchObject({ name: 'UserError' });
    await expect(hashFile(`${folder.path}/none.png`)).rejects.toThrow('none.png: there is no such file');
  });

  test.skipIf(process.platform === 'win32')('a pipe is not waited for', async () => {
    const path = `${folder.path}/pipe.png`;
    execFileSync('mkfifo', [path]);
    await expect(inspectImage(path)).rejects.toThrow('this is not a file');
    await expect(hashFile(path)).rejects.toThrow('this is not a file');
  });

  test('damaged data inside a JPEG', async () => {
    const damaged = Buffer.from(encoded.jpeg);
    damaged.fill(0xff, damaged.length - 400, damaged.length - 300);
    const path = folder.write('damaged.jpg', damaged);
    await expect(inspectImage(path)).rejects.toThrow('cannot be decoded');
    await expect(readPixels(path)).rejects.toThrow('cannot be decoded');
  });
});

describe('decompression bombs are refused before memory is taken for them', () => {
  const huge = (format: string): Buffer => {
    const zeros = Buffer.alloc(64);
    switch (format) {
      case 'png':
        return pngClaiming(60_000, 60_000, zeros);
      case 'gif': {
        const gif = Buffer.from(encoded.gif);
        gif.writeUInt16LE(65_535, 6);
        gif.writeUInt16LE(65_535, 8);
        const frame = gif.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 40, 0, 30, 0]));
        gif.writeUInt16LE(65_535, frame + 5);
        gif.writeUInt16LE(65_535, frame + 7);
        return gif;
      }
      case 'jpeg': {
        const jpeg = Buffer.from(encoded.jpeg);
        const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
        jpeg.writeUInt16BE(65_000, frame + 5);
        jpeg.writeUInt16BE(65_000, frame + 7);
        return jpeg;
      }
      case 'webp': {
        const webp = Buffer.from(encoded['lossless webp']);
        // Two fields of 14 bits after the signature byte, each one less than the side.
        webp.writeUInt32LE((16_382 | (16_382 << 14)) >>> 0, webp.indexOf('VP8L') + 9);
        return webp;
      }
      case 'tiff':
        return tiff([{ width: 60_000, height: 60_000, samples: new Uint8Array(64) }]);
      default:
        return bmp({ width: 2 ** 30, height: 2 ** 30, depth: 24, data: [...zeros] });
    }
  };

  test.each(['png', 'gif', 'jpeg', 'webp', 'tiff', 'bmp'])('%s', async (format) => {
    const before = process.memoryUsage().rss;
    const path = folder.write(`bomb.${format}`, huge(format));
    for (const read of [inspectImage, readPixels])
      await expect(read(path)).rejects.toThrow(
        /bomb\.\w+: the image says it has \d+ × \d+ pixels \(\d+ million\); at most 134 million are read/,
      );
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  test('a small file that claims a size just allowed is found incomplete', async () => {
    for (const bytes of [
      tiff([{ width: 11_000, height: 11_000, samples: new Uint8Array(64) }]),
      pngClaiming(11_000, 11_000, Buffer.alloc(64)),
      bmp({ width: 11_000, height: 11_000, depth: 24, data: [0, 0, 0, 0] }),
    ])
      await expect(inspectImage(folder.write('claims', bytes))).rejects.toThrow('it is damaged or incomplete');
  });
});

describe('orientation', () => {
  /** How 1 2 3 over 4 5 6 is to be shown under each EXIF orientation. Source: EXIF 2.3, tag 0x0112. */
  const shown: Readonly<Record<number, readonly (readonly number[])[]>> = {
    1: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    2: [
      [3, 2, 1],
      [6, 5, 4],
    ],
    3: [
      [6, 5, 4],
      [3, 2, 1],
    ],
    4: [
      [4, 5, 6],
      [1, 2, 3],
    ],
    5: [
      [1, 4],
      [2, 5],
      [3, 6],
    ],
    6: [
      [4, 1],
      [5, 2],
      [6, 3],
    ],
    7: [
      [6, 3],
      [5, 2],
      [4, 1],
    ],
    8: [
      [3, 6],
      [2, 5],
      [1, 4],
    ],
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i', async (orientation) => {
    const rows = shown[orientation];
    const expected = { width: rows[0].length, height: rows.length };
    const eight = folder.write(
      'eight.tif',
      tiff([{ width: 3, height: 2, samples: new Uint8Array([1, 2, 3, 4, 5, 6]), orientation }]),
    );
    const pixels = await readPixels(eight);
    expect(pixels).toMatchObject(expected);
    expect([...pixels.data].filter((_, i) => i % 3 === 0)).toEqual(rows.flat());

    const sixteen = folder.write(
      'sixteen.tif',
      tiff([{ width: 3, height: 2, samples: new Uint16Array([1, 2, 3, 4, 5, 6]), orientation }]),
    );
    expect(await inspectImage(sixteen)).toMatchObject(expected);
    const scaled = await readPixels(sixteen, { limits: { low: 0, high: 255 } });
    expect([...scaled.data].filter((_, i) => i % 3 === 0)).toEqual(rows.flat());

    // JPEG: a block of pixels for each value, so that compression cannot mix them.
    const blocks = new Uint8Array(48 * 32).map(
      (_, i) => (1 + Math.floor((i % 48) / 16) + 3 * Math.floor(i / 48 / 16)) * 40,
    );
    const jpeg = await sharp(blocks, { raw: { width: 48, height: 32, channels: 1 } })
      .jpeg({ quality: 100 })
      .withMetadata({ orientation })
      .toBuffer();
    const picture = await readPixels(folder.write('oriented.jpg', jpeg));
    expect(picture).toMatchObject({ width: expected.width * 16, height: expected.height * 16 });
    for (const [y, row] of rows.entries())
      for (const [x, value] of row.entries())
        expect(picture.data[((y * 16 + 8) * picture.width + x * 16 + 8) * 3]).toBeCloseTo(value * 40, -1);
  });
});

describe('colours', () => {
  const first = async (bytes: Uint8Array): Promise<number[]> => [
    ...(await readPixels(folder.write('colour', bytes))).data.subarray(0, 3),
  ];
  const plain = (background: Color): Sharp => sharp({ create: { width: 8, height: 8, channels: 4, background } });

  test('palette, grey and one-bit images become RGB', async () => {
    expect(await first(await plain('#c04020').png({ palette: true }).toBuffer())).toEqual([192, 64, 32]);
    expect(await first(tiff([{ width: 1, height: 1, samples: new Uint8Array([77]) }]))).toEqual([77, 77, 77]);
    const bits = await sharp(new Uint8Array([255, 0]), { raw: { width: 2, height: 1, channels: 1 } })
      .toColourspace('b-w')
      .png({ palette: true, colours: 2 })
      .toBuffer();
    expect(await first(bits)).toEqual([255, 255, 255]);
  });

  test('alpha is composed over white in PNG, WebP and GIF', async () => {
    const half = { r: 100, g: 0, b: 200, alpha: 0.5 };
    for (const bytes of [await plain(half).png().toBuffer(), await plain(half).webp({ lossless: true }).toBuffer()]) {
      const [r, g, b] = await first(bytes);
      expect(Math.abs(r - 177) + Math.abs(g - 127) + Math.abs(b - 227)).toBeLessThanOrEqual(3);
    }
    expect(await first(await plain({ r: 0, g: 0, b: 0, alpha: 0 }).gif().toBuffer())).toEqual([255, 255, 255]);
  });

  test('CMYK is converted', async () => {
    const cmyk = await plain('#c04020').removeAlpha().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect(await inspectImage(folder.write('cmyk.jpg', cmyk))).toMatchObject({ channels: 4, bits: 8 });
    const [r, g, b] = await first(cmyk);
    expect(r).toBeGreaterThan(170);
    expect(g).toBeLessThan(90);
    expect(b).toBeLessThan(60);
  });

  test('embedded profiles are not applied: networks are fed the stored values everywhere else too', async () => {
    const profiled = await plain('#c04020').removeAlpha().withIccProfile('p3').png().toBuffer();
    const stored = await sharp(profiled, { ignoreIcc: true }).raw().toBuffer();
    expect(stored[0]).not.toBe(192);
    expect(await first(profiled)).toEqual([...stored.subarray(0, 3)]);
  });

  test('of an animation, the first frame', async () => {
    const frames = await Promise.all(['#ff0000', '#0000ff'].map((colour) => plain(colour).png().toBuffer()));
    for (const bytes of [
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
      await sharp(frames, { join: { animated: true } })
        .webp({ lossless: true })
        .toBuffer(),
    ]) {
      expect(await first(bytes)).toEqual([255, 0, 0]);
      expect(await inspectImage(folder.write('animation', bytes))).toMatchObject({ pages: 1, width: 8, height: 8 });
    }
  });
});

describe('pages and deep images', () => {
  const ramp = (length: number, from = 0, step = 1): Uint16Array =>
    Uint16Array.from({ length }, (_, i) => from + i * step);

  test('each page by its number, of its own size', async () => {
    const path = folder.write(
      'stack.tif',
      tiff(
        [0, 1, 2].map((page) => ({
          width: 4 + page,
          height: 2,
          samples: new Uint8Array((4 + page) * 2).fill(10 * page),
        })),
      ),
    );
    expect(await inspectImage(path)).toMatchObject({ pages: 3, width: 4 });
    expect(await inspectImage(path, 2)).toMatchObject({ pages: 3, width: 6 });
    expect((await readPixels(path, { page: 1 })).data[0]).toBe(10);
    await expect(inspectImage(path, 3)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('page 3') as string,
    });
    await expect(inspectImage(folder.write('one.png', encoded.png), 1)).rejects.toThrow(
      'page 1 was asked for, and there is only page 0',
    );
  });

  test('16 bits are scaled between the limits given, and clamped', async () => {
    const samples = new Uint16Array([0, 1000, 1500, 2000, 3000, 65_535]);
    const path = folder.write('deep.tif', tiff([{ width: 6, height: 1, samples }]));
    const { data } = await readPixels(path, { limits: { low: 1000, high: 3000 } });
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual([0, 0, 64, 128, 255, 255]);
    const png = await sharp(samples, { raw: { width: 6, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect([...(await readPixels(folder.write('deep.png', png), { limits: { low: 1000, high: 3000 } })).data]).toEqual([
      ...data,
    ]);
  });

  test('limits are proposed from the values, without the outermost thousandth on each side', async () => {
    const samples = ramp(10_000, 500);
    const path = folder.write('ramp.tif', tiff([{ width: 100, height: 100, samples }]));
    expect(await inspectImage(path)).toMatchObject({
      bits: 16,
      channels: 1,
      displayLimits: { low: 510, high: 10_490 },
    });
    const proposed = await readPixels(path);
    expect(proposed.data).toEqual((await readPixels(path, { limits: { low: 510, high: 10_490 } })).data);
  });

  test('an image of one value has limits apart', async () => {
    const path = folder.write('flat.tif', tiff([{ width: 4, height: 4, samples: new Uint16Array(16).fill(700) }]));
    expect((await inspectImage(path)).displayLimits).toEqual({ low: 700, high: 701 });
  });

  test('16-bit RGB, with and without alpha', async () => {
    for (const channels of [3, 4]) {
      const path = folder.write(
        'rgb.tif',
        tiff([{ width: 2, height: 1, channels, samples: ramp(2 * channels, 0, 20) }]),
      );
      const { data } = await readPixels(path, { limits: { low: 0, high: 255 } });
      expect([...data]).toEqual([0, 20, 40, channels * 20, channels * 20 + 20, channels * 20 + 40]);
    }
  });

  test('floating point, with values that are no number', async () => {
    const samples = new Float32Array([0, 0.5, 1, NaN, -3, Infinity]);
    const path = folder.write('float.tif', tiff([{ width: 6, height: 1, samples }]));
    const { bits, displayLimits } = await inspectImage(path);
    expect(bits).toBe(32);
    expect(displayLimits!.low).toBe(-3);
    expect(displayLimits!.high).toBeCloseTo(1, 5);
    const { data } = await readPixels(path, { limits: { low: 0, high: 1 } });
    expect([...data].filter((_, i) => i % 3 === 0)).toEqual([0, 128, 255, 0, 0, 255]);
  });

  test('limits do nothing to 8 bits', async () => {
    const path = folder.write('eight.tif', tiff([{ width: 2, height: 1, samples: new Uint8Array([10, 20]) }]));
    expect([...(await readPixels(path, { limits: { low: 0, high: 20 } })).data]).toEqual([10, 10, 10, 20, 20, 20]);
    expect(await inspectImage(path)).not.toHaveProperty('displayLimits');
  });

  test('tags of a microscope maker are no reason to refuse', async () => {
    const samples = new Uint16Array([1, 2]);
    const path = folder.write('tags.tif', tiff([{ width: 2, height: 1, samples, tags: { 51_123: 7, 65_000: 9 } }]));
    expect((await inspectImage(path)).width).toBe(2);
  });

  test('signed values and many channels are refused with what to do', async () => {
    const signed = folder.write('signed.tif', tiff([{ width: 2, height: 1, samples: new Int16Array([-5, 5]) }]));
    await expect(inspectImage(signed)).rejects.toThrow('signed.tif: values of type short');
    for (const photometric of [1, 2] as const) {
      const five = folder.write(
        'five.tif',
        tiff([{ width: 2, height: 1, channels: 5, photometric, samples: ramp(10) }]),
      );
      await expect(inspectImage(five)).rejects.toThrow('five.tif: the image has 5 channels in one page');
    }
  });
});

test('the content hash is SHA-256', async () => {
  expect(await hashFile(folder.write('abc', 'abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
