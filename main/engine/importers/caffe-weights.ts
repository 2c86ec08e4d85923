import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { EngineError } from '../errors.ts';
import { elementCount, formatShape } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';

/** The weights of every layer, in their order, by the layer's name. */
export type CaffeWeights = ReadonlyMap<string, readonly Tensor<'float32'>[]>;

const mostLayers = 20_000;
const mostBlobs = 64;
const mostAxes = 8;

/**
 * Reads the weights out of a .caffemodel: a `NetParameter` of caffe.proto, of which only the layers' names and blobs are
 * needed. Read by hand, since generated code would make a list of JavaScript numbers of every weight. Numbers of fields:
 * github.com/BVLC/caffe, src/caffe/proto/caffe.proto.
 *
 * @throws EngineError that names the layer and the reason
 */
export function readCaffeWeights(bytes: Uint8Array, file: string): CaffeWeights {
  try {
    return readNet(bytes);
  } catch (error) {
    const reason =
      error instanceof EngineError ? error.message : 'it is not a .caffemodel, or it is cut short or damaged';
    throw new EngineError(`${file}: ${reason}.`, { cause: error });
  }
}

function readNet(bytes: Uint8Array): CaffeWeights {
  const layers = new Map<string, readonly Tensor<'float32'>[]>();
  let count = 0;
  for (const { field, bytes: layer } of partsOf(bytes)) {
    // `layer`, and `layers` of the form before.
    if ((field !== 100 && field !== 2) || layer === undefined) continue;
    if (++count > mostLayers) throw new EngineError(`it has more than ${mostLayers} layers`);
    const { name, blobs } = readLayer(layer, field === 100 ? { name: 1, blobs: 7 } : { name: 4, blobs: 6 });
    if (blobs.length === 0) continue;
    if (layers.has(name)) throw new EngineError(`it has weights for two layers of the name "${name}"`);
    layers.set(name, blobs);
  }
  return layers;
}

function readLayer(
  bytes: Uint8Array,
  fields: { readonly name: number; readonly blobs: number },
): { name: string; blobs: Tensor<'float32'>[] } {
  let name = '';
  const found: Uint8Array[] = [];
  for (const part of partsOf(bytes)) {
    if (part.bytes === undefined) continue;
    if (part.field === fields.name) name = new TextDecoder().decode(part.bytes);
    if (part.field === fields.blobs) found.push(part.bytes);
  }
  if (found.length > mostBlobs) throw new EngineError(`its layer "${name}" has more than ${mostBlobs} weights`);
  return { name, blobs: found.map((blob, at) => readBlob(blob, `the weight ${at} of its layer "${name}"`)) };
}

function readBlob(bytes: Uint8Array, what: string): Tensor<'float32'> {
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
  const data = floats.length ? numbersOf(floats, Float32Array) : Float32Array.from(numbersOf(doubles, Float64Array));
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
  Numbers: { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (parts.some((part) => part.length % Numbers.BYTES_PER_ELEMENT !== 0))
    throw new EngineError('the values of a weight are cut short');
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
function* partsOf(bytes: Uint8Array, single: readonly number[] = []): Generator<Part> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    if (wire === WireType.StartGroup || wire === WireType.EndGroup)
      throw new EngineError('it is not a .caffemodel, or it is damaged');
    if (wire === WireType.LengthDelimited) yield { field, bytes: reader.bytes() };
    else if (wire === WireType.Varint) yield { field, varint: Number(reader.int64()) };
    else {
      const from = reader.pos;
      reader.skip(wire);
      if (single.includes(field)) yield { field, bytes: bytes.subarray(from, reader.pos) };
    }
  }
}
