import type { Node } from '../graph/types.ts';
import { readableName } from './block-names.ts';
import { ancestors } from './cuts.ts';
import type { Network } from './network.ts';

/** The operators between two freeze points, in topological order, and what each takes. */
export interface OutlinedBlock {
  readonly nodes: readonly Node[];
  readonly operators: readonly OutlinedOperator[];
}

export interface OutlinedOperator {
  readonly name: string;
  /** The standard's name of its kind: `Conv`. */
  readonly op: string;
  /** Operators of the block whose values it takes, by number; −1 for the one value that comes into the block. */
  readonly inputs: readonly number[];
}

/**
 * A network's graph, block by block: block i ends at freeze point i. One more holds what comes after the last freeze point, to the
 * network's own output: its own classifier, where it has one.
 */
export function outlineNetwork(network: Network): OutlinedBlock[] {
  const { nodes } = network.model.graph;
  const seen = new Set<Node>();
  return [...network.freezePoints.map(({ tensor }) => tensor), network.output].map((end) => {
    const own = ancestors(nodes, [end]).filter((node) => !seen.has(node));
    for (const node of own) seen.add(node);
    return outlineBlock(network, own);
  });
}

function outlineBlock({ model, values }: Network, nodes: readonly Node[]): OutlinedBlock {
  const makers = new Map(nodes.flatMap((node, at) => node.outputs.map((output) => [output, at] as const)));
  const isData = (input: string): boolean =>
    input !== '' && !model.graph.initializers.has(input) && values.get(input)?.constant === undefined;
  const operators = nodes.map((node) => ({
    name: readableName(node),
    op: node.op,
    inputs: [...new Set(node.inputs.filter(isData).map((input) => makers.get(input) ?? -1))],
  }));
  return { nodes, operators };
}
