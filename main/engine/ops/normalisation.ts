import { intOf } from '../graph/attributes.ts';
import { sameShape } from '../graph/dimensions.ts';
import type { Dimension } from '../graph/types.ts';
import { broadcast } from './broadcast.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import type { Value } from './value.ts';

/** The input, whose channels the given inputs must have one value each for. */
function perChannel(context: NodeContext, parameters: readonly number[]): Value {
  const input = context.input(0);
  if (input.shape.length < 2) context.fail('its input must be of the form [N, C, …]');
  for (const index of parameters)
    if (!sameShape(context.shape(index), [input.shape[1]]))
      context.fail(`input ${index} must have one value for each of ${input.shape[1]} channels`);
  return { type: input.type, shape: input.shape };
}

export const normalisation = {
  BatchNormalization: {
    inputs: [5, 5],
    outputs: [1, 3],
    attributes: { epsilon: 'float', momentum: 'float', training_mode: 'int' },
    infer(context) {
      const output = perChannel(context, [1, 2, 3, 4]);
      return [output, context.input(3), context.input(4)].map(({ type, shape }) => ({ type, shape }));
    },
  },
  InstanceNormalization: {
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { epsilon: 'float' },
    infer: (context) => [perChannel(context, [1, 2])],
  },
  LayerNormalization: {
    inputs: [2, 3],
    outputs: [1, 3],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer(context) {
      const { type, shape } = context.input(0);
      const axis = context.axis(intOf(context.node, 'axis', -1), shape.length);
      const normalised = shape.slice(axis);
      for (const index of context.has(2) ? [1, 2] : [1])
        if (broadcast(context, [normalised, context.shape(index)]).length !== normalised.length)
          context.fail(`input ${index} does not fit the normalised axes`);
      const moments: Dimension[] = shape.map((dimension, i) => (i < axis ? dimension : 1));
      return [
        { type, shape },
        { type: 'float32', shape: moments },
        { type: 'float32', shape: moments },
      ];
    },
  },
  LRN: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
    infer(context) {
      const size = intOf(context.node, 'size', 0);
      if (size < 1 || size % 2 === 0) context.fail('its size must be odd, so that the window has a middle');
      return [perChannel(context, [])];
    },
  },
  LpNormalization: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: 'int', p: 'int' },
    infer(context) {
      const { type, shape } = context.input(0);
      context.axis(intOf(context.node, 'axis', -1), shape.length);
      return [{ type, shape }];
    },
  },
} satisfies OperatorTable;
