import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { EngineError } from '../errors.ts';
import { elementCount, formatShape } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';

const mostAxes = 8;

/**
 * Reads a `BlobProto` of caffe.proto, in today's form or in the one before. By hand, since generated code would make a list of
 * JavaScript numbers of every weight. Numbers of fields: github.com/BVLC/caffe, src/caffe/proto/caffe.proto.
 *
 * @param what names it in errors
 * @throws EngineError for values that its shape does not take; other errors for what is no such message
 */
export function readBlob(bytes: Uint8Array, what: string): Tensor<'float32'> {
  const legacy: (number | undefined)[] = [];
  let shape: number[] | undefined;
  const floats: Uint8Array[] = [];
  const doubles: Uint8Array[] = [];
  for (const { field, bytes: content, varint } of partsOf(bytes, [5, 8])) {
    if (field >= 1 && field <= 4 && varint !== undefined) legacy[field - 1] = varint;
    if (field === 7 && content) shape = readDimensions(content);
    if (field === 5 && content) floats.push(content);
    if (field === 8 && content) doubles.push(content);
  }
  const dimensions = shape ?? Array.from(legacy, (side) => side ?? 0);
  if (dimensions.length > mostAxes) throw new EngineError(`${what} has ${dimensions.length} axes`);
  const count = elementCount(dimensions);
  const data = floats.length
    ? numbersOf(floats, what, Float32Array)
    : Float32Array.from(numbersOf(doubles, what, Float64Array));
  if (data.length !== count)
    throw new EngineError(`${what} has ${data.length} values, but its shape ${formatShape(dimensions)} takes ${count}`);
  return { type: 'float32', shape: dimensions, data };
}

/** Dimensions of a BlobShape, packed or one by one. */
function readDimensions(bytes: Uint8Array): number[] {
  const dimensions: number[] = [];
  for (const { field, bytes: packed, varint } of partsOf(bytes)) {
    if (field !== 1) continue;
    if (varint !== undefined) dimensions.push(varint);
    if (!packed) continue;
    const reader = new BinaryReader(packed);
    while (reader.pos < reader.len && dimensions.length <= mostAxes) dimensions.push(Number(reader.int64()));
  }
  return dimensions;
}

/** Copied, since what a file's bytes begin at is not a multiple of their size. */
function numbersOf<T extends Float32Array | Float64Array>(
  parts: readonly Uint8Array[],
  what: string,
  Numbers: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (parts.some((part) => part.length % Numbers.BYTES_PER_ELEMENT !== 0))
    throw new EngineError(`the values of ${what} are cut short`);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Numbers(all.buffer);
}

interface Part {
  readonly field: number;
  /** Of a length-delimited field, and of a number that stands by itself among `single`. */
  readonly bytes?: Uint8Array;
  readonly varint?: number;
}

/**
 * The fields of a message, one level of it. Groups, in which one could nest without end, are not part of caffe.proto.
 *
 * @param single fields of fixed-size numbers that are wanted also where they are not packed
 */
export function* partsOf(bytes: Uint8Array, single: readonly number[] = []): Generator<Part> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw new Error('a group');
    if (wire === WireType.LengthDelimited) yield { field, bytes: reader.bytes() };
    else if (wire === WireType.Varint) yield { field, varint: Number(reader.int64()) };
    else {
      const from = reader.pos;
      reader.skip(wire);
      if (single.includes(field)) yield { field, bytes: bytes.subarray(from, reader.pos) };
    }
  }
}
