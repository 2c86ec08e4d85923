import { intOf } from '../graph/attributes.ts';
import type { Node } from '../graph/types.ts';
import type { BlockedGraph } from './blocked-graph.ts';

/** Writes a pooling node on the blocked layout, where its input is there already. */
export function blockPooling(graph: BlockedGraph, node: Node): boolean {
  const [input] = node.inputs;
  const shape = graph.shape(input);
  if (shape?.length !== 4 || !graph.isBlocked(input) || node.outputs.length > 1) return false;
  // Windows that reach beyond the padding are counted differently there.
  if (intOf(node, 'ceil_mode', 0) !== 0) return false;
  graph.setBlocked(node.outputs[0], graph.addBlocked(node.op, [graph.blocked(input)], node.attributes));
  return true;
}

/** Writes a sum over all but the channels on the blocked layout, as the gradient of a bias is. */
export function blockChannelSum(graph: BlockedGraph, node: Node): boolean {
  const [input, axes = ''] = node.inputs;
  const shape = graph.shape(input);
  if (shape?.length !== 4 || !graph.isBlocked(input) || graph.numbers(axes)?.join() !== '0,2,3') return false;
  const [batch, channels, height, width] = shape;
  const { block } = graph;
  const filled = graph.filled(channels);
  const planes = graph.reshape(graph.blocked(input), [(batch * filled) / block, height * width, block]);
  const items = graph.add('ReduceSum', [planes, graph.list([1])], { keepdims: { kind: 'int', value: 0 } });
  const rows = graph.reshape(items, [batch, filled]);
  const sum = graph.add('ReduceSum', [rows, graph.list([0])], { keepdims: { kind: 'int', value: 0 } });
  const own = filled === channels ? sum : graph.add('Slice', [sum, graph.list([0]), graph.list([channels])]);
  const dims = graph.shape(node.outputs[0])!;
  graph.define(node.outputs[0], 'Reshape', [own, graph.list(dims)]);
  return true;
}

/** Joins blocked values along the channels, where none of them is filled up. */
export function blockConcat(graph: BlockedGraph, node: Node): boolean {
  const shapes = node.inputs.map((input) => graph.shape(input));
  const axis = intOf(node, 'axis', 0);
  if (shapes.some((shape) => shape?.length !== 4 || shape[1] % graph.block !== 0) || (axis !== 1 && axis !== -3))
    return false;
  if (!node.inputs.every((input) => graph.isBlocked(input))) return false;
  const parts = node.inputs.map((input) => graph.blocked(input));
  graph.setBlocked(node.outputs[0], graph.add('Concat', parts, node.attributes));
  return true;
}
