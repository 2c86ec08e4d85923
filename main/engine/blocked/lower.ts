import type { Model, Node } from '../graph/types.ts';
import { BlockedGraph } from './blocked-graph.ts';
import { blockExpand, blockReduction } from './channels.ts';
import { blockConvolution, blockTransposedConvolution } from './convolutions.ts';
import { blockElementwise } from './elementwise.ts';
import { blockConcat, blockGather } from './places.ts';
import { blockPooling } from './pooling.ts';

/** Writes a node on the blocked layout; false where it has no such form, or where it would not be worth it. */
type Handler = (graph: BlockedGraph, node: Node) => boolean;

const handlers: Readonly<Partial<Record<string, Handler>>> = {
  Conv: blockConvolution,
  ConvTranspose: blockTransposedConvolution,
  MaxPool: blockPooling,
  AveragePool: blockPooling,
  GlobalAveragePool: blockPooling,
  GlobalMaxPool: blockPooling,
  ReduceSum: blockReduction,
  ReduceMean: blockReduction,
  Expand: blockExpand,
  Concat: blockConcat,
  Gather: blockGather,
};

/** Nodes that only change shape or layout: written where they are asked for, since blocked nodes see through them. */
const layout: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Slice']);

/**
 * The same graph with ONNX Runtime's own operators on its blocked layout of channels (domain com.microsoft.nchwc), which only the CPU has.
 * ONNX Runtime does this by itself only where the weights are constants; here they may be fed or computed, as they are in training.
 * Its convolutions run at the rate of a matrix product of that processor and take the addition and the activation behind
 * them along.
 *
 * @param model at OPSET, all shapes in numbers but for the batch's; the answer is to be run, not to be worked on any further
 * @param block how many channels lie together (blockSize())
 */
export function toBlockedLayout(model: Model, block: number): Model {
  if (block === 1) return model;
  const graph = new BlockedGraph(model, block);
  for (const node of model.graph.nodes) {
    const handler = node.domain === '' ? (handlers[node.op] ?? blockElementwise) : undefined;
    if (handler?.(graph, node)) continue;
    if (layout.has(node.op)) graph.put(node);
    else graph.write(node);
  }
  for (const { name } of model.graph.outputs) graph.plain(name);
  const built = graph.build();
  return { ...model, graph: built.graph };
}
