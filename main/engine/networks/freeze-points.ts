import { EngineError } from '../errors.ts';
import { intsOf } from '../graph/attributes.ts';
import type { Graph, Node } from '../graph/types.ts';
import { findBlocks } from './blocks.ts';
import type { Block } from './blocks.ts';
import { countMultiplyAdds, countParameters } from './counts.ts';
import type { Values } from './counts.ts';
import { nameBlocks } from './block-names.ts';

/** A place to cut a network: one single value there carries everything from the input to the output. */
export interface FreezePoint {
  /** Counted from 1, from the input on. */
  readonly index: number;
  /** Of the block that ends here; unique. */
  readonly name: string;
  /** The value in the graph. */
  readonly tensor: string;
  /** Without the batch: [channels, height, width], or [values]. */
  readonly shape: readonly number[];
  /** `vector` where there is nothing to pool: after a fully-connected layer, or where one pixel is left. */
  readonly kind: 'spatial' | 'vector';
  /** Input pixels from one value to its neighbour; undefined for a vector. */
  readonly stride: number | undefined;
  /** Trainable parameters, within the backbone. */
  readonly parametersBefore: number;
  readonly parametersAfter: number;
  /** For one image, within the backbone. */
  readonly multiplyAddsBefore: number;
  readonly multiplyAddsAfter: number;
}

/**
 * The freeze points of a backbone, from the input to its end: the ends of its blocks.
 *
 * @param from the graph's input
 * @param to the value that the backbone ends with
 */
export function findFreezePoints(graph: Graph, values: Values, from: string, to: string): FreezePoint[] {
  const { blocks, nodes } = findBlocks(graph, values, from, to);
  const names = nameBlocks(blocks);
  const strides = stridesFrom(graph, from);
  const parameters = countParameters(graph, nodes);
  const multiplyAdds = countMultiplyAdds(values, nodes);
  return blocks.map((block, i) => {
    const before = nodes.slice(0, block.nodesBefore);
    const parametersBefore = countParameters(graph, before);
    const multiplyAddsBefore = countMultiplyAdds(values, before);
    const kind = isVector(block) ? 'vector' : 'spatial';
    return {
      index: i + 1,
      name: names[i],
      tensor: block.end,
      shape: block.shape,
      kind,
      stride: kind === 'spatial' ? strides.get(block.end) : undefined,
      parametersBefore,
      parametersAfter: parameters - parametersBefore,
      multiplyAddsBefore,
      multiplyAddsAfter: multiplyAdds - multiplyAddsBefore,
    };
  });
}

function isVector(block: Block): boolean {
  return block.shape.slice(1).every((side) => side === 1);
}

/**
 * The freeze point that somebody asks for.
 *
 * @param wanted a point's name, the name of its value, its number from 1, or `last`
 * @throws EngineError that lists the names when there is no such point
 */
export function findFreezePoint(points: readonly FreezePoint[], wanted: string | number): FreezePoint {
  const text = String(wanted).trim();
  const found =
    points.find((point) => point.name === text) ??
    points.find((point) => point.tensor === text) ??
    points.find((point) => String(point.index) === text) ??
    (text === 'last' ? points.at(-1) : undefined);
  if (found) return found;
  const names = points.map((point) => `${point.index} ${point.name}`).join(', ');
  throw new EngineError(`The network has no freeze point "${text}". It has: ${names}; "last" is the last of them.`);
}

/** Operators that pass over the image in steps. */
const stepping = new Set(['Conv', 'MaxPool', 'AveragePool', 'LpPool']);

/** For every value that depends on the input: how many input pixels lie between neighbours, the largest over all paths. */
function stridesFrom(graph: Graph, from: string): Map<string, number> {
  const strides = new Map([[from, 1]]);
  for (const node of graph.nodes) {
    const stride = Math.max(...node.inputs.map((input) => strides.get(input) ?? 0));
    if (stride <= 0) continue;
    for (const output of node.outputs) strides.set(output, stride * step(node));
  }
  return strides;
}

function step(node: Node): number {
  const strides = intsOf(node, 'strides') ?? [1];
  if (stepping.has(node.op)) return Math.max(...strides);
  return node.op === 'ConvTranspose' ? 1 / Math.max(...strides) : 1;
}
