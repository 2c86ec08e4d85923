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
