import { convolutionWindow } from '../ops/convolution.ts';
import type { NodeContext } from '../ops/operator.ts';
import { int, intOf } from './attributes.ts';
import { withLocalResponseWrittenOut } from './local-response.ts';
import { rewrite } from './rewrite.ts';
import type { Rewriter, Rule } from './rewrite.ts';
import { int64s } from './tensors.ts';
import type { Dimension, Model, Node } from './types.ts';

/** How many channels the WebGPU kernels take at once, where they can. */
const AT_ONCE = 4;

/**
 * Goes round defects of ONNX Runtime's WebGPU kernels of convolutions, seen in 1.30.0. They lie in the kernels and not in a
 * driver: each gives a wrong result without a word.
 *
 * - Conv: input channels that are divisible by three but not by four are read three at a time, from places that are counted in
 *   fours (microsoft/onnxruntime issue 29651). They are filled up with channels of zeros, to the next multiple of four.
 * - Conv in groups: outputs are written several at a time, across the border between two groups. Each group becomes a Conv.
 * - ConvTranspose in groups of several channels that make one: it makes two, of which one is thrown away.
 *
 * LRN, which has no kernel there, is written out.
 *
 * @param inputShapes as for inferShapes
 */
export function forWebGpu(model: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>> = {}): Model {
  const known = withLocalResponseWrittenOut(model);
  const apart = rewrite(known, inputShapes, repairing('Conv', writesAcrossGroups, separateGroups));
  const filled = rewrite(apart, inputShapes, repairing('Conv', readsByThrees, fillChannels));
  return rewrite(filled, inputShapes, repairing('ConvTranspose', makesOneOfSeveral, makeTwo));
}

function repairing(op: string, isMiscomputed: (context: NodeContext) => boolean, repair: Rule): Rule {
  return (context, to) => {
    if (context.node.op === op && isMiscomputed(context)) repair(context, to);
    else to.put(context.node);
  };
}

const groupsOf = (node: Node): number => intOf(node, 'group', 1);

function writesAcrossGroups(context: NodeContext): boolean {
  const [outputs] = context.sizes(1, 0);
  const ofGroup = outputs / groupsOf(context.node);
  const together = [4, 2].find((count) => outputs % count === 0) ?? 1;
  return groupsOf(context.node) > 1 && ofGroup >= AT_ONCE && ofGroup % together !== 0;
}

const separateGroups: Rule = (context, to) => {
  const { node } = context;
  const groups = groupsOf(node);
  const inputs = node.inputs.map((name, index) => split(to, node, name, index === 0 ? 1 : 0, groups));
  const parts = Array.from({ length: groups }, (_, group) =>
    to.add(
      node,
      'Conv',
      inputs.map((list) => list[group]),
      { ...node.attributes, group: int(1) },
    ),
  );
  to.add(node, 'Concat', parts, { axis: int(1) }, node.outputs[0]);
};

/** Equal parts along an axis. */
function split(to: Rewriter, near: Node, name: string, axis: number, parts: number): string[] {
  const size = Number(to.value(name).shape[axis]) / parts;
  return Array.from({ length: parts }, (_, part) => slice(to, near, name, axis, part * size, (part + 1) * size));
}

function slice(to: Rewriter, near: Node, name: string, axis: number, from: number, end: number, step = 1): string {
  const lists = [[from], [end], [axis], [step]].map((list) => to.constant(int64s(list), 'range'));
  return to.add(near, 'Slice', [name, ...lists]);
}

/** A single pixel is multiplied another way, which is right. */
function readsByThrees(context: NodeContext): boolean {
  const [outputs, inputs, ...kernel] = context.sizes(1, 0);
  const isRead = inputs > 3 && inputs % 3 === 0 && inputs % AT_ONCE !== 0 && outputs % AT_ONCE === 0;
  if (!isRead || groupsOf(context.node) > 1) return false;
  const { strides, pads } = convolutionWindow(context);
  return [...kernel, ...strides].some((size) => size !== 1) || pads.some((pad) => pad !== 0);
}

const fillChannels: Rule = (context, to) => {
  const { node } = context;
  const [, channels] = context.sizes(1, 0);
  const [value, weights, ...bias] = node.inputs;
  const added = AT_ONCE - (channels % AT_ONCE);
  const filled = [value, weights].map((name) => withZeros(to, node, name, added));
  to.put({ ...node, inputs: [...filled, ...bias] });
};

/** Zeros behind what there is along axis 1. */
function withZeros(to: Rewriter, near: Node, name: string, added: number): string {
  const none = to.value(name).shape.map(() => 0);
  return to.add(near, 'Pad', [name, to.constant(int64s([...none, ...none.with(1, added)]), 'pads')]);
}

function makesOneOfSeveral(context: NodeContext): boolean {
  const [inputs, ofGroup] = context.sizes(1, 0);
  const groups = groupsOf(context.node);
  return groups > 1 && ofGroup === 1 && inputs > groups;
}

const makeTwo: Rule = (context, to) => {
  const { node } = context;
  const groups = groupsOf(node);
  const [value, weights, bias] = node.inputs as [string, string, string | undefined];
  const two = to.add(node, 'ConvTranspose', [value, withZeros(to, node, weights, 1)], node.attributes);
  const first = slice(to, node, two, 1, 0, 2 * groups, 2);
  const perChannel = context.sizes(1, 2).map(() => 1);
  const shape = to.constant(int64s([groups, ...perChannel]), 'shape');
  const result = bias ? to.add(node, 'Add', [first, to.add(node, 'Reshape', [bias, shape])]) : first;
  to.put({ ...node, op: 'Identity', inputs: [result], attributes: {} });
};
