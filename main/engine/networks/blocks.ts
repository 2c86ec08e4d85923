import type { Graph, Node } from '../graph/types.ts';
import { isWeightLayer } from './counts.ts';
import type { Values } from './counts.ts';
import { cutIntoSegments } from './cuts.ts';
import type { Segment } from './cuts.ts';

/** A layer with weights, or several that branch and join again, and what belongs to it. */
export interface Block {
  /** Nodes of the segment with the weights, which the block is named after. */
  readonly nodes: readonly Node[];
  /** Those of them that hold weights. */
  readonly weightLayers: readonly Node[];
  /** The value that the block ends with, and the node that makes it. */
  readonly end: string;
  readonly endNode: Node;
  /** Of the end, without the batch. */
  readonly shape: readonly number[];
  /** How many of the backbone's nodes come before the end, those of the block included. */
  readonly nodesBefore: number;
}

/** A block that is still growing. */
interface OpenBlock extends Omit<Block, 'end' | 'endNode' | 'shape' | 'nodesBefore'> {
  end: string;
  endNode: Node;
  nodesBefore: number;
  /** Whether what follows can still belong to it. */
  open: boolean;
}

/** In use, these do nothing. */
const neutralOps = new Set(['Dropout', 'Identity', 'Cast']);

/** These move values about without computing: they prepare the next block. */
const shapeOps = new Set([
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Gather',
  'Slice',
  'Pad',
  'Expand',
]);

const poolingOps = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'AveragePool', 'MaxPool', 'ReduceMean', 'ReduceMax']);

/**
 * Divides a backbone into blocks. A segment between two cuts that holds weights begins a block; normalisation,
 * activations, pooling and the like that follow belong to it, so that the block ends after the ReLU and the pooling where
 * there are any; from the first operator that only moves values, or pools over the whole image, all belongs to the next.
 *
 * A block whose end is neither an image nor a vector (a transformer's tokens) is joined to the next.
 *
 * @returns the blocks, and all nodes of the backbone in order
 */
export function findBlocks(graph: Graph, values: Values, from: string, to: string): { blocks: Block[]; nodes: Node[] } {
  const nodes: Node[] = [];
  const blocks: OpenBlock[] = [];
  for (const segment of cutIntoSegments(graph, from, to)) {
    nodes.push(...segment.nodes);
    const block = blocks.at(-1);
    const endNode = segment.nodes.at(-1)!;
    const end = { end: segment.to, endNode, nodesBefore: nodes.length };
    const role = roleOf(graph, values, segment);
    if (role === 'weights') {
      const weightLayers = segment.nodes.filter((node) => isWeightLayer(graph, node));
      blocks.push({ nodes: segment.nodes, weightLayers, open: true, ...end });
    } else if (!block) continue;
    else if (role === 'glue' && block.open) Object.assign(block, end);
    else if (role === 'shape') {
      block.open = false;
      // Tokens that are gathered into a vector: the first value that codes can be taken from.
      if (!codesShape(values, block.end) && codesShape(values, segment.to)) Object.assign(block, end);
    }
  }
  const closed = blocks.flatMap(({ nodes: own, weightLayers, end, endNode, nodesBefore }) => {
    const shape = codesShape(values, end);
    return shape ? [{ nodes: own, weightLayers, end, endNode, shape, nodesBefore }] : [];
  });
  return { blocks: closed, nodes };
}

type Role = 'weights' | 'glue' | 'shape' | 'neutral';

function roleOf(graph: Graph, values: Values, segment: Segment): Role {
  const weightLayers = segment.nodes.filter((node) => isWeightLayer(graph, node));
  if (weightLayers.length > 0) return isGate(values, segment, weightLayers) ? 'glue' : 'weights';
  if (segment.nodes.every((node) => neutralOps.has(node.op))) return 'neutral';
  if (segment.nodes.every((node) => neutralOps.has(node.op) || shapeOps.has(node.op))) return 'shape';
  const pools = segment.nodes.some((node) => poolingOps.has(node.op));
  return pools && isImage(values, segment.from) && !isImage(values, segment.to) ? 'shape' : 'glue';
}

/** Squeeze and excitation: weights that only see the pooled image, and whose result scales the image's channels. */
function isGate(values: Values, segment: Segment, weightLayers: readonly Node[]): boolean {
  return (
    isImage(values, segment.from) &&
    isImage(values, segment.to) &&
    weightLayers.every((node) => !isImage(values, node.outputs[0]))
  );
}

/** Whether a value has more than one pixel. */
function isImage(values: Values, name: string): boolean {
  const shape = values.get(name)?.shape;
  return shape?.length === 4 && !(shape[2] === 1 && shape[3] === 1);
}

/** [channels, height, width] or [values] of a value that codes can be taken from; undefined for any other. */
function codesShape(values: Values, name: string): number[] | undefined {
  const shape = values.get(name)?.shape.slice(1);
  if (shape?.length !== 1 && shape?.length !== 3) return undefined;
  const sides = shape.filter((side) => typeof side === 'number');
  return sides.length === shape.length ? sides : undefined;
}
