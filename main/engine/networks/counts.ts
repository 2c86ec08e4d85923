import { NodeContext } from '../ops/operator.ts';
import type { Value } from '../ops/value.ts';
import { operators } from '../ops/table.ts';
import { isFloat } from '../graph/tensors.ts';
import type { Graph, Node } from '../graph/types.ts';

export type Values = ReadonlyMap<string, Value>;

const weightOps = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Inputs, by number, that are settings and not weights: statistics measured in training, sizes, limits. */
const settings: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Clip: [1, 2],
  Pad: [2],
  Resize: [1, 2, 3],
};

/** Whether a node holds trained weights that mix its input's values: a convolution or a matrix product. */
export function isWeightLayer(graph: Graph, node: Node): boolean {
  return weightOps.has(node.op) && node.inputs.some((input) => graph.initializers.has(input));
}

/** A place where a trainable tensor is taken in: the node, and which of its inputs. */
export interface ParameterUse {
  readonly node: Node;
  readonly index: number;
}

/**
 * The constants of some nodes that training may change, each with the first place that takes it, in order. Single numbers
 * are settings, and so are statistics, sizes and limits.
 */
export function trainableConstants(graph: Graph, nodes: readonly Node[]): Map<string, ParameterUse> {
  const found = new Map<string, ParameterUse>();
  for (const node of nodes) {
    const left = (settings as Partial<typeof settings>)[node.op] ?? [];
    for (const [index, input] of node.inputs.entries()) {
      const tensor = graph.initializers.get(input);
      if (!tensor || !isFloat(tensor.type) || tensor.data.length < 2 || left.includes(index) || found.has(input))
        continue;
      found.set(input, { node, index });
    }
  }
  return found;
}

/** Trainable parameters of some nodes; one that several nodes share counts once. BatchNormalization has γ and β. */
export function countParameters(graph: Graph, nodes: readonly Node[]): number {
  let count = 0;
  for (const name of trainableConstants(graph, nodes).keys()) count += graph.initializers.get(name)!.data.length;
  return count;
}

/** Multiply-adds of some nodes for one image: those of convolutions and matrix products. */
export function countMultiplyAdds(values: Values, nodes: readonly Node[]): number {
  let count = 0;
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => values.get(name));
    const outputs = node.outputs.flatMap((name) => values.get(name) ?? []);
    count += operators.get(node.op)?.multiplyAdds?.(new NodeContext(node, inputs), outputs) ?? 0;
  }
  return count;
}
