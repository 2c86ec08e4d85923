import type { NodeContext } from '../ops/operator.ts';
import { elementsOf } from '../ops/value.ts';
import { int, intOf } from './attributes.ts';
import { product, quotient, substitute } from './dimensions.ts';
import type { Rewriter, Rule } from './rewrite.ts';
import { int64s } from './tensors.ts';
import type { Dimension, Node } from './types.ts';

/** The name of the batch dimension of a normalised network. */
export const BATCH = 'N';

/**
 * Networks are often exported for a batch of one, and have that one written into the targets of their Reshapes. This
 * rule takes it out again: for a batch as large as the declared one nothing changes, and any other works too.
 *
 * @param declared the batch that the file was made for
 */
export function forAnyBatch(declared: number): Rule {
  return (context, to) => {
    const { node } = context;
    if (node.op === 'Reshape') to.put(reshaped(context, to, declared));
    else if (node.op === 'Resize') to.put(resized(context, to, declared));
    else if (node.op === 'Concat') to.put(joined(context, to));
    else to.put(node);
  };
}

/**
 * A Reshape that keeps the axes before the batch's puts the batch where it was: there the target becomes -1. What was left open
 * before is worked out from the declared batch.
 */
function reshaped(context: NodeContext, to: Rewriter, declared: number): Node {
  const { node } = context;
  const from = context.shape(0);
  const target = elementsOf(context.input(1));
  const axis = from.findIndex((dimension) => typeof dimension === 'string');
  const baked = target?.at(axis);
  const before = from.slice(0, Math.max(axis, 0));
  const keepsBefore = before.every((dimension, i) => target?.[i] === dimension || target?.[i] === 0);
  if (axis < 0 || !target || typeof baked !== 'number' || baked <= 0 || baked % declared !== 0 || !keepsBefore)
    return node;
  if (target.some((dimension) => typeof dimension === 'string')) return node;
  const copied = target.map((dimension, i) => (dimension === 0 ? from[i] : dimension));
  const open = copied.indexOf(-1);
  const count = substitute(product(from), BATCH, declared);
  if (open >= 0) copied[open] = quotient(count, product(copied.filter((_, i) => i !== open))) ?? -1;
  const others = copied.filter((_, i) => i !== axis);
  const made = quotient(product(from), product(others));
  if (made === undefined || typeof made === 'number' || substitute(made, BATCH, declared) !== baked) return node;
  const fixed = copied.map((dimension, i) => (i === axis ? -1 : Number(dimension)));
  return { ...node, inputs: [node.inputs[0], to.constant(int64s(fixed), `${node.outputs[0]}_shape`)] };
}

/** A Resize to sizes that name the declared batch. */
function resized(context: NodeContext, to: Rewriter, declared: number): Node {
  const { node } = context;
  const sizes = context.has(3) ? elementsOf(context.input(3)) : undefined;
  if (context.shape(0)[0] !== BATCH || 'axes' in node.attributes || sizes?.[0] !== declared) return node;
  return resizedSpatially(node, to, sizes);
}

/** A Resize that names all axes but the batch's, so that the batch's size need not be said. */
export function resizedSpatially(node: Node, to: Rewriter, sizes: readonly Dimension[]): Node {
  const axes = sizes.slice(1).map((_, i) => i + 1);
  const tensor = int64s(sizes.slice(1).map(Number));
  return {
    ...node,
    inputs: [node.inputs[0], '', '', to.constant(tensor, `${node.outputs[0]}_sizes`)],
    attributes: { ...node.attributes, axes: { kind: 'ints', value: axes } },
  };
}

/** A constant for one item, such as a class token, is joined to a batch: it is repeated for each item first. */
function joined(context: NodeContext, to: Rewriter): Node {
  const { node } = context;
  const shapes = node.inputs.map((_, i) => context.shape(i));
  const rank = shapes[0].length;
  const along = context.axis(intOf(node, 'axis', 0), rank);
  const whole = shapes.findIndex((shape) => shape.some((dimension, axis) => dimension === BATCH && axis !== along));
  if (whole < 0) return node;
  const axis = shapes[whole].indexOf(BATCH);
  const inputs = node.inputs.map((name, i) => {
    if (shapes[i].length !== rank || shapes[i][axis] !== 1) return name;
    const batch = to.add(node, 'Shape', [node.inputs[whole]], { start: int(axis), end: int(axis + 1) });
    const ones = (count: number): string[] =>
      count === 0 ? [] : [to.constant(int64s(new Array<number>(count).fill(1)), `${node.outputs[0]}_ones`)];
    const target = to.add(node, 'Concat', [...ones(axis), batch, ...ones(rank - 1 - axis)], { axis: int(0) });
    return to.add(node, 'Expand', [name, target]);
  });
  return { ...node, inputs };
}
