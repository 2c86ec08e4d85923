import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll } from 'vitest';

/** A folder for the files of one test file, gone when its tests are done. */
export function temporaryFolder(): {
  readonly path: string;
  readonly write: (name: string, content: string | Uint8Array) => string;
} {
  const path = mkdtempSync(join(tmpdir(), 'parfocal-images-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly samples: Uint8Array | Uint16Array | Int16Array | Float32Array;
  readonly channels?: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation?: number;
  /** 1: zero is black; 2: RGB. */
  readonly photometric?: 1 | 2;
  /** Further tags with a single long value. */
  readonly tags?: Readonly<Record<number, number>>;
}

const sampleFormatOf = (samples: TiffPage['samples']): number =>
  samples instanceof Float32Array ? 3 : samples instanceof Int16Array ? 2 : 1;

/** An uncompressed little-endian TIFF, one strip a page. Source: TIFF 6.0, section 2. */
export function tiff(pages: readonly TiffPage[]): Buffer {
  const short = 3;
  const long = 4;
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  const chunks: Buffer[] = [head];
  let size = head.length;
  const append = (chunk: Buffer): number => {
    const at = size;
    chunks.push(chunk);
    size += chunk.length;
    return at;
  };
  const shorts = (values: readonly number[]): number => {
    const packed = Buffer.alloc(Math.max(4, values.length * 2));
    values.forEach((value, i) => packed.writeUInt16LE(value, i * 2));
    return values.length <= 2 ? packed.readUInt32LE(0) : append(packed);
  };
  let link = { chunk: head, at: 4 };
  for (const page of pages) {
    const { width, height, samples, channels = 1, orientation = 1 } = page;
    const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
    const strip = append(data.length % 2 === 0 ? data : Buffer.concat([data, Buffer.alloc(1)]));
    const photometric = page.photometric ?? (channels >= 3 ? 2 : 1);
    const extra = channels - (photometric === 2 ? 3 : 1);
    const each = (value: number): number[] => new Array<number>(channels).fill(value);
    const tags: (readonly [tag: number, type: number, count: number, value: number])[] = [
      [256, long, 1, width],
      [257, long, 1, height],
      [258, short, channels, shorts(each(samples.BYTES_PER_ELEMENT * 8))],
      [259, short, 1, 1],
      [262, short, 1, photometric],
      [273, long, 1, strip],
      [274, short, 1, orientation],
      [277, short, 1, channels],
      [278, long, 1, height],
      [279, long, 1, data.length],
      ...(extra > 0 ? [[338, short, extra, shorts(new Array<number>(extra).fill(0))] as const] : []),
      [339, short, channels, shorts(each(sampleFormatOf(samples)))],
      ...Object.entries(page.tags ?? {}).map(([tag, value]) => [Number(tag), long, 1, value] as const),
    ];
    const directory = Buffer.alloc(2 + tags.length * 12 + 4);
    directory.writeUInt16LE(tags.length, 0);
    tags.forEach(([tag, type, count, value], i) => {
      const at = 2 + i * 12;
      directory.writeUInt16LE(tag, at);
      directory.writeUInt16LE(type, at + 2);
      directory.writeUInt32LE(count, at + 4);
      directory.writeUInt32LE(value, at + 8);
    });
    link.chunk.writeUInt32LE(append(directory), link.at);
    link = { chunk: directory, at: 2 + tags.length * 12 };
  }
  return Buffer.concat(chunks);
}

/** A PNG of any claimed size whose data are the given bytes. Source: PNG specification, sections 5.3 and 11.2.2. */
export function pngClaiming(width: number, height: number, data: Uint8Array): Buffer {
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const out = Buffer.alloc(12 + body.length);
    out.writeUInt32BE(body.length, 0);
    out.write(type, 4, 'latin1');
    out.set(body, 8);
    out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array())]);
}

export interface BmpParts {
  readonly width: number;
  /** Negative: the top row comes first. */
  readonly height: number;
  readonly depth: number;
  readonly compression?: number;
  /** Blue, green, red of each colour. */
  readonly palette?: readonly (readonly [number, number, number])[];
  readonly masks?: readonly [number, number, number];
  /** Rows as stored, padding included. */
  readonly data: readonly number[];
  /** 12: the OS/2 header; 40: the Windows 3 one; 108: version 4. */
  readonly header?: 12 | 40 | 108;
}

/** A Windows or OS/2 bitmap from its parts. Source: Microsoft, "Bitmap Header Types". */
export function bmp({
  width,
  height,
  depth,
  compression = 0,
  palette = [],
  masks,
  data,
  header = 40,
}: BmpParts): Buffer {
  const old = header === 12;
  const info = Buffer.alloc(header);
  info.writeUInt32LE(header, 0);
  if (old) {
    info.writeUInt16LE(width, 4);
    info.writeUInt16LE(height, 6);
    info.writeUInt16LE(1, 8);
    info.writeUInt16LE(depth, 10);
  } else {
    info.writeInt32LE(width, 4);
    info.writeInt32LE(height, 8);
    info.writeUInt16LE(1, 12);
    info.writeUInt16LE(depth, 14);
    info.writeUInt32LE(compression, 16);
    info.writeUInt32LE(palette.length, 32);
  }
  const maskBytes = Buffer.alloc(masks ? 12 : 0);
  masks?.forEach((mask, i) => maskBytes.writeUInt32LE(mask, i * 4));
  if (header > 40) info.set(maskBytes, 40);
  const colours = Buffer.from(palette.flatMap((colour) => (old ? colour : [...colour, 0])));
  const afterInfo = header > 40 ? Buffer.alloc(0) : maskBytes;
  const file = Buffer.alloc(14);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(14 + info.length + afterInfo.length + colours.length, 10);
  return Buffer.concat([file, info, afterInfo, colours, Buffer.from(data)]);
}
