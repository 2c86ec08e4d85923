import sharp, { type Metadata, type Sharp } from 'sharp';
import { UserError, messageOf } from '../contract/errors.ts';
import type { DisplayLimits } from '../contract/images.ts';
import { bitmapSize, decodeBitmap } from './bmp.ts';
import { limitsOf } from './display.ts';
import { readHead, readSmall, withFile } from './files.ts';
import { formatOf, sniffLength, type ImageFormat } from './formats.ts';

// Every image is read once: libvips' cache of operations would only hold memory.
sharp.cache(false);

/** Images of more pixels are refused before anything is allocated for them: as RGB this many take 400 MB. */
export const maximumPixels = 2 ** 27;

/** A file's size limit where it has to be read whole; 32 bits a pixel, and room for a header. */
const maximumBitmapBytes = maximumPixels * 4 + 65_536;

export interface ImageInfo {
  readonly format: ImageFormat;
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** 1 but for TIFF; of an animation only the first frame is read. */
  readonly pages: number;
  /** As stored, alpha included. */
  readonly channels: number;
  /** Of a stored value; 32 is floating point or a large integer. */
  readonly bits: 8 | 16 | 32;
  /** For more than 8 bits: limits proposed from the page's own values (see `limitsOf`). */
  readonly displayLimits?: DisplayLimits;
}

/** A page of an image as stored, turned upright. */
export interface Decoded extends Omit<ImageInfo, 'displayLimits'> {
  /** Channels in `samples`: 1 grey, 3 RGB. */
  readonly bands: 1 | 3;
  /** Interleaved, top row first: width · height · bands values. */
  readonly samples: Uint8Array | Uint16Array | Float32Array;
}

/**
 * Looks at an image and decodes all of the page, so that a truncated or broken file is found now and not in the middle of a job.
 *
 * @param page from 0
 * @throws UserError naming the file and the reason
 */
export async function inspectImage(path: string, page = 0): Promise<ImageInfo> {
  const { samples, format, width, height, pages, channels, bits } = await decodeImage(path, page);
  const info: ImageInfo = { format, width, height, pages, channels, bits };
  return samples instanceof Uint8Array ? info : { ...info, displayLimits: limitsOf(samples) };
}

/**
 * Decodes one page of an image, whatever the file's name says it is. Colours are the stored ones, as in most libraries that feed
 * networks: embedded colour profiles are not applied (CMYK alone goes through one). Alpha of PNG, WebP and GIF is composed over
 * white; that of BMP and TIFF, and of 16 bits, is left out.
 *
 * @param page from 0
 * @throws UserError naming the file and the reason
 */
export async function decodeImage(path: string, page: number): Promise<Decoded> {
  return decodeAs(await readFormat(path), path, page);
}

const readFormat = async (path: string): Promise<ImageFormat> => formatOf(path, await readHead(path, sniffLength));

function decodeAs(format: ImageFormat, path: string, page: number): Promise<Decoded> {
  if (page !== 0 && format !== 'tiff')
    throw new UserError(`${path}: page ${page} was asked for, and there is only page 0.`);
  return format === 'bmp' ? decodeBmpFile(path) : decodeWithLibvips(path, format, page);
}

/** A file up to this size is read whole at once; libvips would open and read it several times before it decodes anything. */
const readAtOnce = 1_048_576;

/** What is shown of a page: its values, without what is known of the file. */
export type Shown = Pick<Decoded, 'width' | 'height' | 'bands' | 'samples'>;

/**
 * The values of one page, as `decodeImage` gives them. A JPEG, which is always of 8 bits, is decoded without a look at its metadata
 * first: that takes as long as half of a small one.
 *
 * @param page from 0
 * @throws UserError naming the file and the reason
 */
export async function decodeShown(path: string, page: number): Promise<Shown> {
  const { bytes, whole } = await readSmall(path, readAtOnce, sniffLength);
  const format = formatOf(path, bytes.subarray(0, sniffLength));
  const shown = format === 'jpeg' && page === 0 ? await decodeJpeg(whole ? bytes : path) : undefined;
  // The long way says what is wrong with a file.
  return shown ?? decodeAs(format, path, page);
}

/** Undefined where it fails. */
async function decodeJpeg(source: string | Buffer): Promise<Shown | undefined> {
  try {
    const image = opened(source, 'jpeg', 0, maximumPixels);
    const { data, info } = await eightBits(image).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return channels === 3 ? { width, height, bands: 3, samples: typed(data, 8) } : undefined;
  } catch {
    return undefined;
  }
}

/** A page that is decoded when it is wanted, turned upright; its colour profile is not applied. */
function opened(source: string | Buffer, format: ImageFormat, page: number, limitInputPixels: number | false): Sharp {
  // libjpeg reports damaged data as warnings only; libtiff warns of every private tag, of which microscopes write many.
  const failOn = format === 'jpeg' ? 'warning' : 'error';
  return sharp(source, { failOn, page, autoOrient: true, ignoreIcc: true, limitInputPixels });
}

const eightBits = (image: Sharp): Sharp => image.toColourspace('srgb').raw({ depth: 'uchar' });

function checkSize(path: string, width: number, height: number): void {
  if (width * height <= maximumPixels) return;
  const millions = (pixels: number): string => `${Math.round(pixels / 1e6)} million`;
  throw new UserError(
    `${path}: the image says it has ${width} × ${height} pixels (${millions(width * height)}); ` +
      `at most ${millions(maximumPixels)} are read. Cut it into smaller images.`,
  );
}

const broken = (path: string, format: ImageFormat, error: unknown): UserError =>
  new UserError(
    `${path}: the ${format.toUpperCase()} image cannot be decoded, it is damaged or incomplete: ` +
      `${messageOf(error).trim().split('\n').at(-1)!.replace(/\.$/, '')}.`,
    { cause: error },
  );

async function decodeBmpFile(path: string): Promise<Decoded> {
  const bytes = await withFile(path, async (file, size) => {
    if (size > maximumBitmapBytes)
      throw new UserError(`${path}: the file of ${size} bytes is too large for a BMP image.`);
    return file.readFile();
  });
  try {
    const { width, height } = bitmapSize(bytes);
    checkSize(path, width, height);
    const { data } = decodeBitmap(bytes);
    return { format: 'bmp', width, height, pages: 1, channels: 3, bits: 8, bands: 3, samples: data };
  } catch (error) {
    throw error instanceof UserError ? error : broken(path, 'bmp', error);
  }
}

async function decodeWithLibvips(path: string, format: ImageFormat, page: number): Promise<Decoded> {
  const image = opened(path, format, page, false);
  let metadata: Metadata;
  try {
    metadata = await image.metadata();
  } catch (error) {
    throw broken(path, format, error);
  }
  checkSize(path, metadata.width, metadata.height);
  const { bits, bands, output } = plan(path, image, metadata, format);
  let raw;
  try {
    raw = await output.toBuffer({ resolveWithObject: true });
  } catch (error) {
    throw broken(path, format, error);
  }
  const { width, height, channels } = raw.info;
  return {
    format,
    width,
    height,
    pages: format === 'tiff' ? (metadata.pages ?? 1) : 1,
    channels: metadata.channels,
    bits,
    bands,
    samples: takeBands(typed(raw.data, bits), channels, bands),
  };
}

/** Which conversion leaves the stored values as they are. libvips' default would scale 16 bits down to 8. */
function plan(
  path: string,
  image: Sharp,
  { space, depth, channels, hasAlpha }: Metadata,
  format: ImageFormat,
): { readonly bits: 8 | 16 | 32; readonly bands: 1 | 3; readonly output: Sharp } {
  const grey = space === 'b-w' || space === 'grey16';
  if (channels > (grey ? 2 : space === 'cmyk' ? 5 : 4))
    throw new UserError(
      `${path}: the image has ${channels} channels in one page; grey, RGB and RGB with alpha are read. ` +
        'Save the channels as pages or as separate images.',
    );
  if (depth === 'uchar') {
    const opaque = hasAlpha && format !== 'tiff' ? image.flatten({ background: '#ffffff' }) : image;
    return { bits: 8, bands: 3, output: eightBits(opaque) };
  }
  const bands = grey ? 1 : 3;
  if (depth === 'ushort') {
    const kept = grey ? 'grey16' : 'rgb16';
    return { bits: 16, bands, output: image.pipelineColourspace(kept).toColourspace(kept).raw({ depth: 'ushort' }) };
  }
  const exact = depth === 'float' || depth === 'double' || depth === 'uint';
  if (!exact || (space !== 'b-w' && space !== 'scrgb'))
    throw new UserError(
      `${path}: values of type ${depth} in the colour space ${space} are not read. Save the image with 8 or 16 bits, unsigned, or as 32-bit floating point.`,
    );
  return { bits: 32, bands, output: image.pipelineColourspace(space).toColourspace(space).raw({ depth: 'float' }) };
}

function typed(data: Buffer, bits: 8 | 16 | 32): Uint8Array | Uint16Array | Float32Array {
  if (bits === 8) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  // A view needs an aligned start, which a pooled buffer does not promise.
  const { buffer, byteOffset } = data.byteOffset % 4 === 0 ? data : Buffer.copyBytesFrom(data);
  return bits === 16
    ? new Uint16Array(buffer, byteOffset, data.length / 2)
    : new Float32Array(buffer, byteOffset, data.length / 4);
}

/** The first `bands` of `channels` interleaved channels. */
function takeBands<T extends Uint8Array | Uint16Array | Float32Array>(samples: T, channels: number, bands: number): T {
  if (channels === bands) return samples;
  const pixels = samples.length / channels;
  const taken = new (samples.constructor as new (length: number) => T)(pixels * bands);
  for (let i = 0; i < pixels; i++)
    for (let band = 0; band < bands; band++) taken[i * bands + band] = samples[i * channels + band]!;
  return taken;
}
