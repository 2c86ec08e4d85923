import { floatOf, floatsOf, intOf, intsOf, tensorOf } from '../graph/attributes.ts';
import { product } from '../graph/dimensions.ts';
import { createData, createTensor, elementCount, isFloat, typeOfCode } from '../graph/tensors.ts';
import type { DataType, Dimension, Node, Tensor } from '../graph/types.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import { computed, elementsOf, reader, valueOfElements, valueOfTensor } from './value.ts';
import type { Value } from './value.ts';

/** The tensor of a Constant node, or undefined for one that holds text. */
export function constantOf(node: Node): Tensor | undefined {
  const value = tensorOf(node, 'value');
  if (value) return value;
  const number = floatOf(node, 'value_float');
  if (number !== undefined) return createTensor('float32', [], [number]);
  const whole = intOf(node, 'value_int');
  if (whole !== undefined) return createTensor('int64', [], [whole]);
  const numbers = floatsOf(node, 'value_floats');
  if (numbers) return createTensor('float32', [numbers.length], numbers);
  const wholes = intsOf(node, 'value_ints');
  if (wholes) return createTensor('int64', [wholes.length], wholes);
  return undefined;
}

/** A number as a Cast to `type` gives it. */
function cast(x: number, type: DataType): number {
  if (type === 'bool') return x === 0 ? 0 : 1;
  return isFloat(type) ? x : Math.trunc(x);
}

/** The elements `start:end` of a list, negative positions from the end, as Shape takes them. */
function between(shape: readonly Dimension[], start: number, end: number | undefined): readonly Dimension[] {
  const clamp = (position: number): number =>
    Math.min(Math.max(position < 0 ? position + shape.length : position, 0), shape.length);
  return shape.slice(clamp(start), end === undefined ? shape.length : clamp(end));
}

function range(context: NodeContext): Value {
  const type = context.commonType();
  const [start, limit, delta] = [0, 1, 2].map((index) => elementsOf(context.input(index))?.[0]);
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number' || delta === 0)
    return context.fail('its start, limit and delta must be constant');
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  return computed(type, [count], (i) => start + i * delta);
}

/** Operators that shapes are computed with, and constants. */
export const shapes = {
  Shape: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { start: 'int', end: 'int' },
    infer(context) {
      const chosen = between(context.shape(0), intOf(context.node, 'start', 0), intOf(context.node, 'end'));
      return [valueOfElements('int64', [chosen.length], chosen)];
    },
  },
  Size: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {},
    infer: (context) => [valueOfElements('int64', [], [product(context.shape(0))])],
  },
  Constant: {
    inputs: [0, 0],
    outputs: [1, 1],
    attributes: {
      value: 'tensor',
      value_float: 'float',
      value_floats: 'floats',
      value_int: 'int',
      value_ints: 'ints',
    },
    infer(context) {
      return [valueOfTensor(constantOf(context.node) ?? context.fail('it holds no numbers'))];
    },
  },
  ConstantOfShape: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { value: 'tensor' },
    infer(context) {
      const shape = elementsOf(context.input(0)) ?? context.fail('its shape is computed from the data');
      const value = tensorOf(context.node, 'value') ?? createTensor('float32', [1], [0]);
      if (value.data.length !== 1) context.fail('its value must be a single number');
      return [computed(value.type, shape, () => Number(value.data[0]))];
    },
  },
  Range: {
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer: (context) => [range(context)],
  },
  Cast: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { to: 'int' },
    infer(context) {
      const input = context.input(0);
      const code = intOf(context.node, 'to') ?? context.fail('it does not say which type to cast to');
      const type = typeOfCode(code) ?? context.fail(`it casts to a type that is not supported (number ${code})`);
      if (type === input.type) return [input];
      const { constant } = input;
      if (constant) return [valueOfTensor(castTensor(constant, type))];
      const read = reader(input);
      if (!read || isFloat(type)) return [{ type, shape: input.shape }];
      return [
        computed(type, input.shape, (i) => {
          const element = read(i);
          return typeof element === 'number' ? cast(element, type) : element;
        }),
      ];
    },
  },
} satisfies OperatorTable;

function castTensor(tensor: Tensor, type: DataType): Tensor {
  const data = createData(type, elementCount(tensor.shape));
  const big = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < data.length; i++) {
    const element = cast(Number(tensor.data[i]), type);
    data[i] = big ? BigInt(element) : element;
  }
  return { type, shape: tensor.shape, data };
}
