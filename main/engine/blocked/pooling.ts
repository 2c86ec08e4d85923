import { int, intOf } from '../graph/attributes.ts';
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
  const [batch, channels] = shape;
  const filled = graph.filled(channels);
  const items = graph.add('ReduceSum', [graph.rows(input), graph.list([1])], { keepdims: int(0) });
  const rows = graph.reshape(items, [batch, filled]);
  const sum = graph.add('ReduceSum', [rows, graph.list([0])], { keepdims: int(0) });
  const own = filled === channels ? sum : graph.add('Slice', [sum, graph.list([0]), graph.list([channels])]);
  const dims = graph.shape(node.outputs[0])!;
  graph.define(node.outputs[0], 'Reshape', [own, graph.list(dims)]);
  return true;
}
