import type { GraphBuilder } from '../graph/builder.ts';
import type { Model, ValueInfo } from '../graph/types.ts';
import type { Network } from '../networks/network.ts';
import { tailCodes } from '../networks/tail-graph.ts';
import type { Parameter } from './parameters.ts';

/** Names of the new classifier's parameters: [D, C] and [C]. */
export const headWeights = 'head/weights';
export const headBias = 'head/bias';

/** The model with some of its constants made inputs, behind those that it has: they keep their names and shapes. */
export function withInputs(model: Model, names: readonly string[]): Model {
  const { graph } = model;
  const open = new Set(names);
  const inputs = names.map((name): ValueInfo => ({
    name,
    type: 'float32',
    shape: graph.initializers.get(name)!.shape,
  }));
  const initializers = new Map([...graph.initializers].filter(([name]) => !open.has(name)));
  return { ...model, graph: { ...graph, inputs: [...graph.inputs, ...inputs], initializers } };
}

/** Adds the new classifier to a tail, its parameters inputs, and returns the name of its logits [N, C]. */
export function addHead(builder: GraphBuilder, network: Network, head: readonly Parameter[]): string {
  for (const { name, shape } of head) builder.input(name, 'float32', shape);
  return builder.add('Gemm', [tailCodes(network).name, headWeights, headBias]);
}
