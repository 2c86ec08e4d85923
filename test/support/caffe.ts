import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { randomNumbers } from './networks.ts';

export interface CaffeBlob {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes .caffemodel files by hand, in today's form or in one of the two before. */
export interface CaffeModelOptions {
  /** V1: `layers`, and four dimensions as fields of their own. */
  readonly isOld?: boolean;
  readonly isUnpacked?: boolean;
  readonly isDouble?: boolean;
}

export function caffeModel(
  layers: Readonly<Record<string, readonly CaffeBlob[]>>,
  options: CaffeModelOptions = {},
): Uint8Array {
  const { isOld = false } = options;
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string('net');
  for (const [name, blobs] of Object.entries(layers)) {
    writer.tag(isOld ? 2 : 100, WireType.LengthDelimited).fork();
    writer.tag(isOld ? 4 : 1, WireType.LengthDelimited).string(name);
    for (const blob of blobs) writer.tag(isOld ? 6 : 7, WireType.LengthDelimited).bytes(caffeBlob(blob, options));
    writer.join();
  }
  return writer.finish();
}

export function caffeBlob(
  { shape, data }: CaffeBlob,
  { isOld = false, isUnpacked = false, isDouble = false }: CaffeModelOptions = {},
): Uint8Array {
  const writer = new BinaryWriter();
  if (isOld) {
    const four = [...Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
    four.forEach((side, at) => writer.tag(at + 1, WireType.Varint).int32(side));
  } else {
    writer.tag(7, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).fork();
    for (const side of shape) writer.int64(side);
    writer.join().join();
  }
  if (isUnpacked) for (const value of data) writer.tag(5, WireType.Bit32).float(value);
  else {
    const values = isDouble ? Float64Array.from(data) : data;
    writer.tag(isDouble ? 8 : 5, WireType.LengthDelimited).bytes(new Uint8Array(values.buffer));
  }
  return writer.finish();
}

/** A mean image (.binaryproto) whose channels rise evenly by 1 in all, around their means. */
export function caffeMean(
  means: readonly number[],
  { width = 4, height = 2 } = {},
  options: CaffeModelOptions = { isOld: true },
): Uint8Array {
  const area = width * height;
  const data = Float32Array.from(
    means.flatMap((mean) => Array.from({ length: area }, (_, at) => mean + at / (area - 1) - 0.5)),
  );
  return caffeBlob({ shape: [1, means.length, height, width], data }, options);
}

let seed = 1;
/** Random weights in −1 to 1 over the root of their inputs. */
export function caffeWeights(shape: readonly number[], { low = -1, high = 1 } = {}): CaffeBlob {
  const random = randomNumbers(seed++);
  const count = shape.reduce((product, side) => product * side, 1);
  return { shape, data: Float32Array.from({ length: count }, () => low + ((random() + 1) / 2) * (high - low)) };
}

/** The head of a .prototxt, for images of three channels. */
export const caffeInput = (side: number, channels = 3): string =>
  `name: "test" layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: ${channels} dim: ${side} dim: ${side} } } }\n`;

/** A layer with one bottom; its top bears its name. */
export const caffeLayer = (name: string, type: string, bottom: string | readonly string[], rest = ''): string =>
  `layer { name: "${name}" type: "${type}" ${[bottom]
    .flat()
    .map((one) => `bottom: "${one}"`)
    .join(' ')} top: "${name}" ${rest} }\n`;
