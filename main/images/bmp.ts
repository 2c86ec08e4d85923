/**
 * Windows bitmaps, which libvips does not read. Two npm decoders were tried and neither would do: fast-bmp has no palettes, no
 * 4-bit and no top-down images; bmp-ts mixes up the colours of run-length images and allocates before it checks the size.
 * Source: Microsoft, "Bitmap Header Types" and "Bitmap Compression".
 */

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** RGB interleaved, top row first. */
  readonly data: Uint8Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  /** Bits a pixel. */
  readonly depth: number;
  readonly compression: number;
  readonly pixelOffset: number;
  /** 256 RGB triples, so that no index can miss; the colours that the file does not name are black. */
  readonly palette: Uint8Array;
  /** Bits of red, green and blue in a pixel of 16 or 32 bits. */
  readonly masks: readonly number[];
}

const none = 0;
const rle8 = 1;
const rle4 = 2;
const bitFields = 3;
const alphaBitFields = 6;

/** Which compression may come with which depth. */
const depthsOf: Readonly<Partial<Record<number, readonly number[]>>> = {
  [none]: [1, 4, 8, 16, 24, 32],
  [rle8]: [8],
  [rle4]: [4],
  [bitFields]: [16, 32],
  [alphaBitFields]: [16, 32],
};

/** 12: OS/2 1; 40: Windows 3; 52 and 56: with colour masks; 108 and 124: versions 4 and 5. */
const headerSizes: readonly number[] = [12, 40, 52, 56, 108, 124];

const incomplete = (): Error => new Error('the file ends before the image does');

function readMasks(view: DataView, depth: number, compression: number): readonly number[] {
  if (compression !== bitFields && compression !== alphaBitFields)
    return depth === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0x00ff00, 0x0000ff];
  // Right after the first 40 bytes of the header, whether a later version counts them as its own or not.
  if (view.byteLength < 66) throw incomplete();
  return [54, 58, 62].map((at) => view.getUint32(at, true));
}

function readPalette(bytes: Uint8Array, start: number, count: number, entrySize: number): Uint8Array {
  if (start + count * entrySize > bytes.length) throw incomplete();
  const palette = new Uint8Array(256 * 3);
  for (let i = 0; i < count; i++) {
    const at = start + i * entrySize;
    palette.set([bytes[at + 2], bytes[at + 1], bytes[at]], i * 3);
  }
  return palette;
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) throw incomplete();
  const headerSize = view.getUint32(14, true);
  if (!headerSizes.includes(headerSize)) throw new Error(`a header of ${headerSize} bytes is of no known version`);
  if (bytes.length < 14 + headerSize) throw incomplete();

  const old = headerSize === 12;
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const depth = view.getUint16(old ? 24 : 28, true);
  const compression = old ? none : view.getUint32(30, true);
  if (width <= 0 || height === 0) throw new Error(`its size is given as ${width} × ${height}`);
  if (!depthsOf[compression]?.includes(depth))
    throw new Error(`compression ${compression} with ${depth} bits a pixel is not read`);

  const afterHeader = headerSize === 40 ? ({ [bitFields]: 12, [alphaBitFields]: 16 }[compression] ?? 0) : 0;
  const named = old ? 0 : view.getUint32(46, true);
  const colours = depth > 8 ? 0 : Math.min(named || 256, 1 << depth);
  return {
    width,
    height: Math.abs(height),
    topDown: height < 0,
    depth,
    compression,
    pixelOffset: view.getUint32(10, true),
    palette: readPalette(bytes, 14 + headerSize + afterHeader, colours, old ? 3 : 4),
    masks: readMasks(view, depth, compression),
  };
}

/** Width and height from the header alone, to be checked before anything is allocated for them. */
export function bitmapSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const { width, height } = readHeader(bytes);
  return { width, height };
}

/** Colour numbers of a run-length image, in the order of the file's rows. Pixels that are skipped have colour 0. */
function readRuns(bytes: Uint8Array, { width, height, depth, pixelOffset }: Header): Uint8Array {
  const indices = new Uint8Array(width * height);
  let at = pixelOffset;
  let x = 0;
  let y = 0;
  const next = (): number => {
    if (at >= bytes.length) throw incomplete();
    return bytes[at++];
  };
  const put = (index: number): void => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number): number => (i % 2 === 0 ? byte >> 4 : byte & 15);
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(depth === 8 ? value : nibble(value, i));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      // Colours one by one; their bytes are padded to an even number.
      const length = depth === 8 ? value : Math.ceil(value / 2);
      if (at + length > bytes.length) throw incomplete();
      for (let i = 0; i < value; i++) put(depth === 8 ? bytes[at + i] : nibble(bytes[at + (i >> 1)], i));
      at += length + (length % 2);
    }
  }
  return indices;
}

/** Colour numbers of an image of 1, 4 or 8 bits a pixel, in the order of the file's rows. */
function readIndices(bytes: Uint8Array, { width, height, depth, pixelOffset }: Header, stride: number): Uint8Array {
  const indices = new Uint8Array(width * height);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = bytes[pixelOffset + y * stride + (bit >> 3)];
      indices[y * width + x] = (byte >> (8 - depth - (bit & 7))) & mask;
    }
  return indices;
}

/** Reads one colour out of a pixel and stretches it to 0…255. */
function channelReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const top = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / top);
}

/**
 * Decodes a Windows or OS/2 1 bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel, plain or run-length encoded. Alpha is left out:
 * most programs that write 32 bits put zeros there.
 *
 * @throws Error with the bare reason; the caller names the file
 */
export function decodeBitmap(bytes: Uint8Array): Bitmap {
  const header = readHeader(bytes);
  const { width, height, depth, palette, pixelOffset } = header;
  const stride = Math.ceil((width * depth) / 32) * 4;
  const encoded = header.compression === rle8 || header.compression === rle4;
  if (!encoded && pixelOffset + stride * height > bytes.length) throw incomplete();

  const data = new Uint8Array(width * height * 3);
  const indices = encoded ? readRuns(bytes, header) : depth <= 8 ? readIndices(bytes, header, stride) : undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readers = header.masks.map(channelReader);
  for (let row = 0; row < height; row++) {
    let to = (header.topDown ? row : height - 1 - row) * width * 3;
    const from = pixelOffset + row * stride;
    for (let x = 0; x < width; x++, to += 3) {
      if (indices) {
        const colour = indices[row * width + x] * 3;
        data[to] = palette[colour]!;
        data[to + 1] = palette[colour + 1]!;
        data[to + 2] = palette[colour + 2]!;
      } else if (depth === 24) {
        data[to] = bytes[from + x * 3 + 2]!;
        data[to + 1] = bytes[from + x * 3 + 1]!;
        data[to + 2] = bytes[from + x * 3]!;
      } else {
        const pixel = depth === 16 ? view.getUint16(from + x * 2, true) : view.getUint32(from + x * 4, true);
        for (let channel = 0; channel < 3; channel++) data[to + channel] = readers[channel](pixel);
      }
    }
  }
  return { width, height, data };
}
