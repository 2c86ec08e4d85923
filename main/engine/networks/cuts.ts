import type { Graph, Node } from '../graph/types.ts';

/** The nodes between two neighbouring cuts. */
export interface Segment {
  /** In topological order. */
  readonly nodes: readonly Node[];
  /** The one value that everything before the segment goes through. */
  readonly from: string;
  /** The one value that everything after it comes from. */
  readonly to: string;
}

/**
 * Cuts the part of a graph between two values wherever one single value carries everything: every path from `from` to
 * `to` goes through it. One pass in topological order: after the node that makes such a value, no other value made so far
 * is still needed.
 *
 * @returns the segments in order; empty when no path leads from one to the other
 */
export function cutIntoSegments(graph: Graph, from: string, to: string): Segment[] {
  const nodes = nodesBetween(graph, from, to);
  const uses = new Map<string, number>();
  for (const node of nodes) for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  uses.set(to, (uses.get(to) ?? 0) + 1);

  const segments: Segment[] = [];
  const live = new Set([from]);
  let last = from;
  let current: Node[] = [];
  for (const node of nodes) {
    current.push(node);
    for (const input of node.inputs) {
      const left = uses.get(input)! - 1;
      uses.set(input, left);
      if (left === 0) live.delete(input);
    }
    for (const output of node.outputs) if (uses.has(output)) live.add(output);
    const [only] = live;
    if (live.size !== 1 || only === last) continue;
    segments.push({ nodes: current, from: last, to: only });
    last = only;
    current = [];
  }
  return segments;
}

/** The nodes that depend on one value and that another depends on; constants computed aside are none of them. */
function nodesBetween(graph: Graph, from: string, to: string): Node[] {
  const reached = new Set([from]);
  const after = graph.nodes.filter((node) => {
    if (!node.inputs.some((input) => reached.has(input))) return false;
    for (const output of node.outputs) reached.add(output);
    return true;
  });
  return ancestors(after, [to]);
}

/** Those of the nodes that the given values depend on, in their order. */
export function ancestors(nodes: readonly Node[], values: readonly string[]): Node[] {
  const needed = new Set(values);
  const kept: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => output !== '' && needed.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) needed.add(input);
  }
  return kept.reverse();
}
