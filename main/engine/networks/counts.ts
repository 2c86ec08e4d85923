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

/** Trainable parameters of some nodes; one that several nodes share counts once. BatchNormalization has γ and β. */
export function countParameters(graph: Graph, nodes: readonly Node[]): number {
  const counted = new Set<string>();
  let count = 0;
  for (const node of nodes) {
    const left = (settings as Partial<typeof settings>)[node.op] ?? [];
    for (const [i, input] of node.inputs.entries()) {
      const tensor = graph.initializers.get(input);
      if (!tensor || !isFloat(tensor.type) || tensor.data.length < 2 || left.includes(i) || counted.has(input))
        continue;
      counted.add(input);
      count += tensor.data.length;
    }
  }
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
