import { EngineError } from '../errors.ts';
import { BFLOAT16_CODE, widenBfloat16 } from './float16.ts';
import type { TensorProto } from './proto/onnx_pb.js';
import { bytesPerElement, createData, elementCount, formatShape, typeOfCode, viewData } from './tensors.ts';
import type { DataType, Tensor } from './types.ts';

const otherTypes: Readonly<Record<number, string>> = {
  8: 'text',
  14: 'complex numbers',
  15: 'complex numbers',
  17: '8-bit floats',
  18: '8-bit floats',
  19: '8-bit floats',
  20: '8-bit floats',
  21: '4-bit numbers',
  22: '4-bit numbers',
  23: '4-bit floats',
  24: '8-bit floats',
  25: '2-bit numbers',
  26: '2-bit numbers',
};

/** The type for ONNX's number; bfloat16 counts as float32. */
export function readType(code: number, what: string): DataType {
  if (code === BFLOAT16_CODE) return 'float32';
  const type = typeOfCode(code);
  if (type) return type;
  const given = (otherTypes as Partial<typeof otherTypes>)[code] ?? `an unknown type (number ${code})`;
  throw new EngineError(`${what} holds ${given}, which is not supported.`);
}

/**
 * A tensor of a file, its weights loaded. bfloat16 is widened to float32; the bytes are copied, so that the file's may go.
 *
 * @param what names the tensor in messages
 * @throws EngineError when the data does not fill the shape
 */
export function readTensor(proto: TensorProto, what: string): Tensor {
  if (proto.segment) throw new EngineError(`${what} is stored in segments, which are not supported.`);
  const shape = proto.dims.map(Number);
  const count = elementCount(shape);
  if (proto.dataType === BFLOAT16_CODE)
    return { type: 'float32', shape, data: widenBfloat16(readData(proto, 'float16', count, what) as Uint16Array) };
  const type = readType(proto.dataType, what);
  return { type, shape, data: readData(proto, type, count, what) };
}

function readData(proto: TensorProto, type: DataType, count: number, what: string): Tensor['data'] {
  const values = typedField(proto, type);
  const wrong = (given: number, unit: string, needed: number): EngineError =>
    new EngineError(
      `${what} has ${given} ${unit}, but its shape ${formatShape(proto.dims.map(Number))} takes ${needed}; the file is damaged.`,
    );
  if (values.length === 0) {
    const needed = count * bytesPerElement(type);
    if (proto.rawData.length !== needed) throw wrong(proto.rawData.length, 'bytes', needed);
    return viewData(type, new Uint8Array(proto.rawData), count);
  }
  if (values.length !== count) throw wrong(values.length, 'values', count);
  const data = createData(type, count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.set(values as bigint[]);
  else for (let i = 0; i < count; i++) data[i] = Number(values[i]);
  return data;
}

/** Where a file keeps the values of a type when they are not raw bytes. */
function typedField(proto: TensorProto, type: DataType): readonly number[] | readonly bigint[] {
  switch (type) {
    case 'float32':
      return proto.floatData;
    case 'float64':
      return proto.doubleData;
    case 'int64':
      return proto.int64Data;
    case 'uint64':
    case 'uint32':
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}
