import { intOf } from '../graph/attributes.ts';
import { ofOneItem } from '../graph/dimensions.ts';
import { elementCount } from '../graph/tensors.ts';
import { broadcast } from './broadcast.ts';
import type { OperatorTable } from './operator.ts';

export const matmul = {
  Gemm: {
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
    infer(context) {
      const a = context.shape(0);
      const b = context.shape(1);
      if (a.length !== 2 || b.length !== 2) context.fail('both matrices must have two dimensions');
      const [rows, inner] = intOf(context.node, 'transA', 0) ? [a[1], a[0]] : a;
      const [expected, columns] = intOf(context.node, 'transB', 0) ? [b[1], b[0]] : b;
      if (inner !== expected)
        context.fail(
          `the input has ${inner} features but the weights are made for ${expected}; a fully-connected layer works at one input size only`,
        );
      const shape = [rows, columns];
      if (context.has(2) && broadcast(context, [context.shape(2), shape]).length !== 2)
        context.fail('the bias does not fit the output');
      return [{ type: context.commonType(context.has(2) ? [0, 1, 2] : [0, 1]), shape }];
    },
    multiplyAdds(context, [output]) {
      const inner = context.shape(0)[intOf(context.node, 'transA', 0) ? 0 : 1];
      return elementCount(ofOneItem([...output.shape, inner]));
    },
  },
  MatMul: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const type = context.commonType();
      const a = context.shape(0);
      const b = context.shape(1);
      if (a.length === 0 || b.length === 0) context.fail('its inputs must not be scalars');
      // As in NumPy, a vector counts as a row on the left and as a column on the right, and that axis is dropped again.
      const left = a.length === 1 ? [1, ...a] : a;
      const right = b.length === 1 ? [...b, 1] : b;
      const inner = left[left.length - 1];
      if (inner !== right[right.length - 2])
        context.fail(`the left side has ${inner} columns but the right side ${right[right.length - 2]} rows`);
      const batch = broadcast(context, [left.slice(0, -2), right.slice(0, -2)]);
      const rows = a.length === 1 ? [] : [left[left.length - 2]];
      const columns = b.length === 1 ? [] : [right[right.length - 1]];
      return [{ type, shape: [...batch, ...rows, ...columns] }];
    },
    multiplyAdds(context, [output]) {
      const a = context.shape(0);
      return elementCount(ofOneItem([...output.shape, a[a.length - 1]]));
    },
  },
} satisfies OperatorTable;
