import { intOf } from '../graph/attributes.ts';
import type { Operator, OperatorTable } from './operator.ts';

const alongAxis: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: { axis: 'int' },
  infer(context) {
    const { type, shape } = context.input(0);
    context.axis(intOf(context.node, 'axis', -1), shape.length);
    return [{ type, shape }];
  },
};

export const softmax = {
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  Hardmax: alongAxis,
} satisfies OperatorTable;
