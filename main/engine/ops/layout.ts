import { intOf, intsOf, stringOf } from '../graph/attributes.ts';
import { allNumbers, product, quotient } from '../graph/dimensions.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Dimension } from '../graph/types.ts';
import { broadcast, broadcastIndexer } from './broadcast.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import { elementsOf, indexer, picked, reshaped, stridesOf } from './value.ts';

/** The shape in a second input; names may be in it. */
function wantedShape(context: NodeContext): readonly Dimension[] {
  return elementsOf(context.input(1)) ?? context.fail('the shape that it is to give is computed from the data');
}

/** The output shape of a Reshape: 0 copies a dimension, -1 takes what is left. */
export function reshapeTarget(context: NodeContext): readonly Dimension[] {
  const from = context.shape(0);
  const wanted = wantedShape(context);
  const copies = intOf(context.node, 'allowzero', 0) === 0;
  const target = wanted.map((dimension, axis) => {
    if (dimension !== 0 || !copies) return dimension;
    return axis < from.length ? from[axis] : context.fail(`there is no axis ${axis} to copy`);
  });
  const open = target.indexOf(-1);
  const count = product(from);
  const shape = [...target];
  if (open >= 0) {
    const rest = product(target.filter((_, axis) => axis !== open));
    shape[open] = quotient(count, rest) ?? -1;
  }
  if (shape.some((dimension) => typeof dimension === 'number' && dimension < 0) || product(shape) !== count)
    context.fail(
      `${count} elements cannot take the shape ${formatShape(wanted)}; if the network was made for another input size, it works at that size only`,
    );
  return shape;
}

/** The axes a Squeeze takes away. */
export function squeezedAxes(context: NodeContext): readonly number[] {
  const shape = context.shape(0);
  const axes = context.numbers(1, 'axes')?.map((axis) => context.axis(axis, shape.length));
  if (!axes) return shape.flatMap((dimension, axis) => (dimension === 1 ? [axis] : []));
  for (const axis of axes) if (shape[axis] !== 1) context.fail(`axis ${axis} is ${shape[axis]} long, not 1`);
  return axes;
}

/** The permutation of a Transpose; all axes reversed when it names none. */
export function permutation(context: NodeContext): readonly number[] {
  const rank = context.shape(0).length;
  const perm = intsOf(context.node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const sorted = perm.toSorted((a, b) => a - b);
  if (sorted.length !== rank || sorted.some((axis, i) => axis !== i))
    context.fail(`perm ${perm.join(', ')} does not name each axis once`);
  return perm;
}

/** N, C, H, W of an input whose channels and pixels are rearranged. */
function image(context: NodeContext): { batch: Dimension; sizes: readonly number[]; block: number } {
  const sizes = context.sizes(0, 1);
  const block = intOf(context.node, 'blocksize', 0);
  if (sizes.length !== 3 || block < 1) context.fail('it needs an input [N, C, H, W] and a blocksize');
  return { batch: context.shape(0)[0], sizes, block };
}

/** Operators that move elements and compute nothing. */
export const layout = {
  Reshape: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { allowzero: 'int' },
    infer: (context) => [reshaped(context.input(0), reshapeTarget(context))],
  },
  Flatten: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer(context) {
      const shape = context.shape(0);
      const axis = intOf(context.node, 'axis', 1);
      const at = axis < 0 ? axis + shape.length : axis;
      if (at < 0 || at > shape.length) context.fail(`there is no axis ${axis} in ${shape.length} dimensions`);
      return [reshaped(context.input(0), [product(shape.slice(0, at)), product(shape.slice(at))])];
    },
  },
  Transpose: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { perm: 'ints' },
    infer(context) {
      const input = context.input(0);
      const perm = permutation(context);
      const shape = perm.map((axis) => input.shape[axis]);
      const from = allNumbers(input.shape);
      const to = allNumbers(shape);
      if (!from || !to || !(input.constant ?? input.elements)) return [{ type: input.type, shape }];
      const strides = stridesOf(from);
      return [
        picked(
          input,
          shape,
          indexer(
            to,
            perm.map((axis) => strides[axis]),
          ),
        ),
      ];
    },
  },
  Squeeze: {
    inputs: [1, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const axes = squeezedAxes(context);
      const shape = context.shape(0).filter((_, axis) => !axes.includes(axis));
      return [reshaped(context.input(0), shape)];
    },
  },
  Unsqueeze: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const from = context.shape(0);
      const given = context.numbers(1, 'axes') ?? [];
      const rank = from.length + given.length;
      const axes = given.map((axis) => context.axis(axis, rank));
      if (new Set(axes).size < axes.length) context.fail('an axis is named twice');
      let next = 0;
      const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : from[next++]));
      return [reshaped(context.input(0), shape)];
    },
  },
  Expand: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const input = context.input(0);
      const shape = broadcast(context, [input.shape, wantedShape(context)]);
      const from = allNumbers(input.shape);
      const to = allNumbers(shape);
      if (!from || !to) return [{ type: input.type, shape }];
      return [picked(input, shape, broadcastIndexer(from, to))];
    },
  },
  Tile: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const { type, shape } = context.input(0);
      const repeats = wantedShape(context);
      if (repeats.length !== shape.length) context.fail('there must be one repeat for each axis');
      return [{ type, shape: shape.map((dimension, axis) => product([dimension, repeats[axis]])) }];
    },
  },
  DepthToSpace: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { blocksize: 'int', mode: 'string' },
    infer(context) {
      const { batch, sizes, block } = image(context);
      const [channels, height, width] = sizes;
      if (channels % (block * block) !== 0) context.fail(`its channels are not a multiple of ${block * block}`);
      const mode = stringOf(context.node, 'mode', 'DCR');
      if (mode !== 'DCR' && mode !== 'CRD') context.fail(`mode ${mode} is not known`);
      return [{ type: context.type(0), shape: [batch, channels / (block * block), height * block, width * block] }];
    },
  },
  SpaceToDepth: {
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { blocksize: 'int' },
    infer(context) {
      const { batch, sizes, block } = image(context);
      const [channels, height, width] = sizes;
      if (height % block !== 0 || width % block !== 0)
        context.fail(`its height and width are not multiples of ${block}`);
      return [{ type: context.type(0), shape: [batch, channels * block * block, height / block, width / block] }];
    },
  },
} satisfies OperatorTable;
