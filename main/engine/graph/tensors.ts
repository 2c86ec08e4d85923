import { EngineError } from '../errors.ts';
import type { DataType, Dimension, Tensor, TypedArrays } from './types.ts';

const constructors: { readonly [T in DataType]: new (length: number) => TypedArrays[T] } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** The numbers of `TensorProto.DataType`, as files and the operator Cast use them. */
const typeCodes: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

const typesByCode = new Map(Object.entries(typeCodes).map(([type, code]) => [code, type as DataType]));

/** ONNX's number for a type. */
export function codeOfType(type: DataType): number {
  return typeCodes[type];
}

/** The type for ONNX's number, or undefined for one that is not supported (text, complex, 4-bit, 8-bit floats). */
export function typeOfCode(code: number): DataType | undefined {
  return typesByCode.get(code);
}

export function isFloat(type: DataType): boolean {
  return type === 'float32' || type === 'float64' || type === 'float16';
}

export function bytesPerElement(type: DataType): number {
  return createData(type, 0).BYTES_PER_ELEMENT;
}

/** A zeroed array for `length` elements. */
export function createData<T extends DataType>(type: T, length: number): TypedArrays[T] {
  return new constructors[type](length);
}

/** A view of bytes as elements; `bytes` must start at a multiple of the element size within its buffer. */
export function viewData<T extends DataType>(type: T, bytes: Uint8Array<ArrayBuffer>, length: number): TypedArrays[T] {
  const View = constructors[type] as unknown as new (buffer: ArrayBuffer, at: number, length: number) => TypedArrays[T];
  return new View(bytes.buffer, bytes.byteOffset, length);
}

/**
 * The number of elements of a shape; 1 for a scalar.
 *
 * @throws EngineError when a dimension is negative or the product is beyond what can be counted
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) {
    if (!Number.isSafeInteger(dimension) || dimension < 0)
      throw new EngineError(`${formatShape(shape)} is not a shape: a dimension is negative or out of range.`);
    count *= dimension;
  }
  if (!Number.isSafeInteger(count)) throw new EngineError(`A tensor of shape ${formatShape(shape)} is too large.`);
  return count;
}

/** A tensor from plain numbers. int64 and uint64 take them too. */
export function createTensor<T extends DataType>(
  type: T,
  shape: readonly number[],
  values: ArrayLike<number>,
): Tensor<T> {
  const count = elementCount(shape);
  if (values.length !== count)
    throw new EngineError(`${values.length} values do not fill a tensor of shape ${formatShape(shape)}.`);
  const data = createData(type, count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    for (let i = 0; i < count; i++) data[i] = wholeNumber(values[i]);
  else data.set(values);
  return { type, shape, data };
}

/** A whole number as int64. Beyond 2^53 only the largest int64 is met, as "to the end" of a Slice: it is rounded up as a float and must not wrap. */
export function wholeNumber(value: number): bigint {
  const largest = 2n ** 63n - 1n;
  return value >= 2 ** 63 ? largest : BigInt(value);
}

/** A vector of int64, as shapes and axes are written in ONNX. */
export function int64s(values: readonly number[]): Tensor<'int64'> {
  return createTensor('int64', [values.length], values);
}

/** A float32 scalar. */
export function scalar(value: number): Tensor<'float32'> {
  return createTensor('float32', [], [value]);
}

/** `[N, 3, 224, 224]`, for messages. */
export function formatShape(shape: readonly Dimension[] | undefined): string {
  return shape ? `[${shape.join(', ')}]` : 'unknown';
}
