import { intsOf } from '../graph/attributes.ts';
import type { AttributeKind } from '../graph/attributes.ts';
import type { NodeContext, Operator, OperatorTable } from './operator.ts';
import { resolveWindow } from './windows.ts';
import type { Window } from './windows.ts';

const windowAttributes: Readonly<Record<string, AttributeKind>> = {
  auto_pad: 'string',
  ceil_mode: 'int',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
};

/** The window of a MaxPool or AveragePool; `auto_pad` resolved. */
export function poolingWindow(context: NodeContext): Window {
  const sizes = context.sizes(0, 1);
  const kernel = intsOf(context.node, 'kernel_shape') ?? context.fail('it has no kernel_shape');
  if (sizes.length < 2 || kernel.length !== sizes.length - 1)
    context.fail(`its kernel has ${kernel.length} axes, which do not fit the input`);
  return resolveWindow(context, sizes.slice(1), kernel);
}

const globalPool: Operator = {
  inputs: [1, 1],
  outputs: [1, 1],
  attributes: {},
  infer(context) {
    const { type, shape } = context.input(0);
    if (shape.length < 3) context.fail('its input must be of the form [N, C, …]');
    return [{ type, shape: shape.map((dimension, axis) => (axis < 2 ? dimension : 1)) }];
  },
};

export const pooling = {
  MaxPool: {
    inputs: [1, 1],
    outputs: [1, 2],
    attributes: { ...windowAttributes, dilations: 'ints', storage_order: 'int' },
    infer(context) {
      const { type, shape } = context.input(0);
      const pooled = [...shape.slice(0, 2), ...poolingWindow(context).output];
      return [
        { type, shape: pooled },
        { type: 'int64', shape: pooled },
      ];
    },
  },
  AveragePool: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { ...windowAttributes, count_include_pad: 'int' },
    infer(context) {
      const { type, shape } = context.input(0);
      return [{ type, shape: [...shape.slice(0, 2), ...poolingWindow(context).output] }];
    },
  },
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
} satisfies OperatorTable;
