import { elementCount } from '../graph/tensors.ts';
import { inferShapes } from '../graph/shapes.ts';
import type { StatefulModel } from './training-graph.ts';

const bytesEach = 4;

/**
 * Bytes that a step holds at once at most: parameters and what the optimizer remembers, before and after the step, and whatever
 * the backward pass still needs of the forward pass. Operators that write over their input, and blocks of memory that stay
 * between steps, are left out of account.
 */
export function stepMemory({ model }: StatefulModel): number {
  const values = inferShapes(model);
  const bytes = (name: string): number => {
    const shape = values.get(name)?.shape.map(Number);
    return shape?.every(Number.isFinite) ? bytesEach * elementCount(shape) : 0;
  };
  const { nodes, initializers, inputs, outputs } = model.graph;
  const stays = new Set([...outputs, ...inputs].map(({ name }) => name));
  const lastUse = new Map<string, number>();
  for (const [at, node] of nodes.entries()) for (const name of node.inputs) lastUse.set(name, at);
  let held = [...initializers.keys(), ...inputs.map(({ name }) => name)].reduce((sum, name) => sum + bytes(name), 0);
  let most = held;
  for (const [at, node] of nodes.entries()) {
    for (const name of node.outputs) held += bytes(name);
    most = Math.max(most, held);
    for (const name of new Set([...node.inputs, ...node.outputs]))
      if (!stays.has(name) && !initializers.has(name) && (lastUse.get(name) ?? at) === at) held -= bytes(name);
  }
  return most;
}
