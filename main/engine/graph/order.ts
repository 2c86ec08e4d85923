import { EngineError } from '../errors.ts';
import { describeNode } from './attributes.ts';
import type { Node } from './types.ts';

/**
 * Nodes in topological order: each after those that it takes values from, otherwise as they were.
 *
 * @throws EngineError that names a node of a cycle
 */
export function inTopologicalOrder(nodes: readonly Node[]): readonly Node[] {
  const makers = new Map<string, Node>();
  for (const node of nodes) for (const output of node.outputs) if (output !== '') makers.set(output, node);
  const ordered: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const start of nodes) {
    // Depth first with a stack of our own: deep networks would overflow the call stack.
    const stack = [start];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      state.set(node, 'open');
      const before = node.inputs
        .flatMap((input) => makers.get(input) ?? [])
        .filter((maker) => state.get(maker) !== 'done');
      const open = before.find((maker) => state.get(maker) === 'open');
      if (open)
        throw new EngineError(`${describeNode(open)} takes a value that depends on its own: the graph has a cycle.`);
      if (before.length > 0) {
        stack.push(...before.reverse());
        continue;
      }
      state.set(node, 'done');
      ordered.push(node);
      stack.pop();
    }
  }
  return ordered;
}
