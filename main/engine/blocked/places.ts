import { int, intOf } from '../graph/attributes.ts';
import type { Node } from '../graph/types.ts';
import type { BlockedGraph } from './blocked-graph.ts';

/** Joins blocked values: along the channels, where none of them is filled up, or along the pixels of [N, C, pixels]. */
export function blockConcat(graph: BlockedGraph, node: Node): boolean {
  const { inputs, outputs } = node;
  const shape = graph.shape(outputs[0]);
  if (!shape || shape.length < 3 || !inputs.some((input) => graph.isBlocked(input))) return false;
  if (!inputs.every((input) => graph.isBlocked(input) || graph.isConstant(input))) return false;
  const axis = intOf(node, 'axis', 0);
  if (axis === 1) {
    if (inputs.some((input) => graph.shape(input)![1] % graph.block !== 0)) return false;
    const parts = inputs.map((input) => graph.blocked(input));
    graph.setBlocked(outputs[0], graph.add('Concat', parts, node.attributes));
    return true;
  }
  if (axis !== 2 || shape.length !== 3) return false;
  const rows = graph.add(
    'Concat',
    inputs.map((input) => graph.rows(input)),
    { axis: int(1) },
  );
  graph.setBlocked(outputs[0], graph.reshape(rows, graph.filledShape(outputs[0])));
  return true;
}

/** Takes pixels of a blocked [N, C, pixels]. */
export function blockGather(graph: BlockedGraph, node: Node): boolean {
  const [value, places] = node.inputs;
  if (graph.shape(value)?.length !== 3 || intOf(node, 'axis', 0) !== 2 || !graph.isBlocked(value)) return false;
  if (graph.shape(places)?.length !== 1) return false;
  const rows = graph.add('Gather', [graph.rows(value), graph.plain(places)], { axis: int(1) });
  graph.setBlocked(node.outputs[0], graph.reshape(rows, graph.filledShape(node.outputs[0])));
  return true;
}
