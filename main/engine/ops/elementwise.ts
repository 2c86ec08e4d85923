import type { AttributeKind } from '../graph/attributes.ts';
import { isFloat } from '../graph/tensors.ts';
import type { DataType } from '../graph/types.ts';
import { broadcast } from './broadcast.ts';
import type { Operator, OperatorTable } from './operator.ts';
import { computed, reader } from './value.ts';

/**
 * One input, an output of the same shape.
 *
 * @param compute for the operators that constants are prepared with
 */
function unary(
  attributes: Readonly<Record<string, AttributeKind>> = {},
  compute?: (x: number) => number,
  output?: DataType,
): Operator {
  return {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes,
    infer(context) {
      const input = context.input(0);
      const type = output ?? input.type;
      const read = compute && reader(input);
      if (!read) return [{ type, shape: input.shape }];
      return [
        computed(type, input.shape, (i) => {
          const x = read(i);
          return typeof x === 'number' ? compute(x) : undefined;
        }),
      ];
    },
  };
}

/** Activations and other functions of one element. */
export const elementwise = {
  Relu: unary(),
  LeakyRelu: unary({ alpha: 'float' }),
  Elu: unary({ alpha: 'float' }),
  Selu: unary({ alpha: 'float', gamma: 'float' }),
  Celu: unary({ alpha: 'float' }),
  Sigmoid: unary(),
  HardSigmoid: unary({ alpha: 'float', beta: 'float' }),
  HardSwish: unary(),
  Mish: unary(),
  Softplus: unary(),
  Softsign: unary(),
  Erf: unary(),
  Tanh: unary(),
  Sqrt: unary({}, Math.sqrt),
  Exp: unary({}, Math.exp),
  Log: unary({}, Math.log),
  Abs: unary({}, Math.abs),
  Neg: unary({}, (x) => -x),
  Reciprocal: unary({}, (x) => 1 / x),
  Floor: unary({}, Math.floor),
  Ceil: unary({}, Math.ceil),
  Sign: unary({}, Math.sign),
  Round: unary(),
  Sin: unary(),
  Cos: unary(),
  Not: unary({}, (x) => (x === 0 ? 1 : 0), 'bool'),
  PRelu: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const shape = broadcast(context, [context.shape(0), context.shape(1)]);
      // The slope stretches to the input, never the input to the slope.
      if (shape.length !== context.shape(0).length) context.fail('the slope has more dimensions than the input');
      return [{ type: context.commonType(), shape }];
    },
  },
  Clip: {
    inputs: [1, 3],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      for (const bound of [1, 2])
        if (context.has(bound) && context.shape(bound).length > 0) context.fail('its bounds must be scalars');
      const given = [0, 1, 2].filter((index) => context.has(index));
      return [{ type: context.commonType(given), shape: context.shape(0) }];
    },
  },
  Identity: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {},
    infer: (context) => [context.input(0)],
  },
  Dropout: {
    inputs: [1, 3],
    outputs: [1, 2],
    attributes: { seed: 'int' },
    infer(context) {
      if (!isFloat(context.type(0))) context.fail('it applies to floating point values only');
      const { type, shape } = context.input(0);
      return [
        { type, shape },
        { type: 'bool', shape },
      ];
    },
  },
} satisfies OperatorTable;
