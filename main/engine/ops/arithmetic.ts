import type { AttributeKind } from '../graph/attributes.ts';
import { allNumbers, product, quotient } from '../graph/dimensions.ts';
import { isFloat } from '../graph/tensors.ts';
import type { DataType, Dimension } from '../graph/types.ts';
import { broadcast, broadcastIndexer } from './broadcast.ts';
import { MANY } from './operator.ts';
import type { NodeContext, Operator, OperatorTable } from './operator.ts';
import { computed, reader } from './value.ts';
import type { Value } from './value.ts';

/** A function of two elements; undefined where a name among them leaves the result open. */
type Compute = (a: Dimension, b: Dimension, type: DataType) => Dimension | undefined;

function onNumbers(compute: (a: number, b: number, type: DataType) => number): Compute {
  return (a, b, type) => (typeof a === 'number' && typeof b === 'number' ? compute(a, b, type) : undefined);
}

/** The inputs broadcast together, and combined from left to right where all are known. */
function combine(context: NodeContext, type: DataType, compute: Compute | undefined): Value {
  const inputs = context.inputs.map((_, index) => context.input(index));
  const shape = broadcast(
    context,
    inputs.map((input) => input.shape),
  );
  const numbers = allNumbers(shape);
  if (!compute || !numbers) return { type, shape };
  const readers: ((index: number) => Dimension)[] = [];
  for (const input of inputs) {
    const read = reader(input);
    const own = allNumbers(input.shape);
    if (!read || !own) return { type, shape };
    const at = broadcastIndexer(own, numbers);
    readers.push((index) => read(at(index)));
  }
  const inputType = inputs[0].type;
  return computed(type, shape, (index) => {
    let result: Dimension | undefined = readers[0](index);
    for (const read of readers.slice(1)) {
      if (result === undefined) return undefined;
      result = compute(result, read(index), inputType);
    }
    return result;
  });
}

function broadcasting(
  inputs: readonly [number, number],
  compute?: Compute,
  output?: DataType,
  attributes: Readonly<Record<string, AttributeKind>> = {},
): Operator {
  return {
    inputs,
    outputs: [1, 1],
    attributes,
    infer: (context) => [combine(context, output ?? context.commonType(), compute)],
  };
}

function comparison(compute: Compute): Operator {
  return {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      context.commonType();
      return [combine(context, 'bool', compute)];
    },
  };
}

/** A name stands for a size, so it is never negative and never equal to a number that is. */
const equal: Compute = (a, b) => {
  if (a === b) return 1;
  if (typeof a === 'number' && typeof b === 'number') return 0;
  return (typeof a === 'number' && a < 0) || (typeof b === 'number' && b < 0) ? 0 : undefined;
};

const divide: Compute = (a, b, type) => {
  if (typeof a === 'number' && typeof b === 'number') {
    if (isFloat(type)) return a / b;
    return b === 0 ? undefined : Math.trunc(a / b);
  }
  return quotient(a, b);
};

/** Operators on two or more values that are broadcast together. */
export const arithmetic = {
  Add: broadcasting([2, 2], (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    if (a === 0) return b;
    return b === 0 ? a : undefined;
  }),
  Sub: broadcasting([2, 2], (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (a === b) return 0;
    return b === 0 ? a : undefined;
  }),
  Mul: broadcasting([2, 2], (a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : product([a, b]))),
  Div: broadcasting([2, 2], divide),
  Mod: broadcasting([2, 2], undefined, undefined, { fmod: 'int' }),
  Pow: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    // The exponent may be of another type: the result is of the base's.
    infer: (context) => [
      combine(
        context,
        context.type(0),
        onNumbers((a, b) => a ** b),
      ),
    ],
  },
  Min: broadcasting(
    [1, MANY],
    onNumbers((a, b) => Math.min(a, b)),
  ),
  Max: broadcasting(
    [1, MANY],
    onNumbers((a, b) => Math.max(a, b)),
  ),
  Sum: broadcasting([1, MANY]),
  Mean: broadcasting([1, MANY]),
  Equal: comparison(equal),
  Greater: comparison(onNumbers((a, b) => Number(a > b))),
  GreaterOrEqual: comparison(onNumbers((a, b) => Number(a >= b))),
  Less: comparison(onNumbers((a, b) => Number(a < b))),
  LessOrEqual: comparison(onNumbers((a, b) => Number(a <= b))),
  And: comparison(onNumbers((a, b) => Number(a !== 0 && b !== 0))),
  Or: comparison(onNumbers((a, b) => Number(a !== 0 || b !== 0))),
  Where: {
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      if (context.type(0) !== 'bool') context.fail('its condition must be of type bool');
      const type = context.commonType([1, 2]);
      const values = [0, 1, 2].map((index) => context.input(index));
      const shape = broadcast(
        context,
        values.map((value) => value.shape),
      );
      const numbers = allNumbers(shape);
      const shapes = values.map((value) => allNumbers(value.shape));
      const [condition, yes, no] = values.map(reader);
      if (!numbers || !condition || !yes || !no || !shapes[0] || !shapes[1] || !shapes[2]) return [{ type, shape }];
      const [atCondition, atYes, atNo] = shapes.map((own) => broadcastIndexer(own!, numbers));
      return [computed(type, shape, (i) => (condition(atCondition(i)) === 0 ? no(atNo(i)) : yes(atYes(i))))];
    },
  },
} satisfies OperatorTable;
