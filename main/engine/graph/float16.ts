import { int, tensor as tensorAttribute } from './attributes.ts';
import { codeOfType } from './tensors.ts';
import type { Attribute, Model, Node, Tensor, ValueInfo } from './types.ts';

/** ONNX's number for bfloat16, which has no type of its own here: it is widened as it is read. */
export const BFLOAT16_CODE = 16;

/** IEEE 754 half precision, as 16-bit patterns, to single precision. Exact. */
export function widenFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) result[i] = sign * fraction * 2 ** -24;
    else if (exponent === 31) result[i] = fraction ? NaN : sign * Infinity;
    else result[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return result;
}

/** Single precision to half, rounded to the nearest; what is beyond its range is clamped to its largest number, 65504. */
export function narrowToFloat16(values: Float32Array): Float16Array<ArrayBuffer> {
  const halves = new Float16Array(values);
  const bits = new Uint16Array(halves.buffer);
  // Before infinity, of either sign, comes the largest number.
  for (let i = 0; i < bits.length; i++) if ((bits[i] & 0x7fff) === 0x7c00) bits[i]--;
  return halves;
}

/** bfloat16, as 16-bit patterns, to single precision: the same bits with sixteen zeros behind. */
export function widenBfloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return new Float32Array(bits.buffer);
}

function widenTensor(tensor: Tensor): Tensor {
  if (tensor.type !== 'float16') return tensor;
  return { type: 'float32', shape: tensor.shape, data: widenFloat16(tensor.data as Uint16Array) };
}

function widenValue(value: ValueInfo): ValueInfo {
  return value.type === 'float16' ? { ...value, type: 'float32' } : value;
}

function widenNode(node: Node): Node {
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => {
    if (attribute.kind === 'tensor') return [name, tensorAttribute(widenTensor(attribute.value))];
    const halves = [codeOfType('float16'), BFLOAT16_CODE];
    if (node.op === 'Cast' && name === 'to' && attribute.kind === 'int' && halves.includes(attribute.value))
      return [name, int(codeOfType('float32'))];
    return [name, attribute];
  });
  return { ...node, attributes: Object.fromEntries(attributes) };
}

/** The same network with every half-precision weight, value and cast in single precision. */
export function widenModel(model: Model): Model {
  const { graph } = model;
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(widenValue),
      outputs: graph.outputs.map(widenValue),
      nodes: graph.nodes.map(widenNode),
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, widenTensor(tensor)])),
    },
  };
}
