import { intOf, intsOf } from '../graph/attributes.ts';
import type { Graph, Node } from '../graph/types.ts';
import type { Network } from './network.ts';

/** The filters of a network's first convolution as small pictures. */
export interface FirstFilters {
  readonly node: Node;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row, filter by filter. 128 is a weight of zero; each filter uses the whole range. */
  readonly pixels: Uint8Array;
}

/**
 * The first convolution's filters, in the colours of the image: undefined where it does not take the three colours of the image, or
 * only one pixel of it at a time.
 */
export function firstFilters(network: Network): FirstFilters | undefined {
  const { graph } = network.model;
  const node = graph.nodes.find(({ op }) => op === 'Conv');
  const weights = node && graph.initializers.get(node.inputs[1]);
  if (!node || weights?.type !== 'float32' || intOf(node, 'group', 1) !== 1) return undefined;
  const [count, channels, height, width] = weights.shape;
  if (weights.shape.length !== 4 || channels !== 3 || height * width === 1) return undefined;
  const swaps = swapsBefore(graph, network.input, node);
  if (swaps === undefined) return undefined;
  const isBgr = (network.preprocessing?.channels === 'bgr') !== (swaps % 2 === 1);
  const data = weights.data as Float32Array;
  const area = height * width;
  const pixels = new Uint8Array(count * area * 3);
  for (let filter = 0; filter < count; filter++) {
    const own = data.subarray(filter * 3 * area, (filter + 1) * 3 * area);
    const most = own.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
    for (let at = 0; at < area; at++)
      for (let colour = 0; colour < 3; colour++) {
        const channel = isBgr ? 2 - colour : colour;
        pixels[(filter * area + at) * 3 + colour] = Math.round(127.5 + (127.5 * own[channel * area + at]) / most);
      }
  }
  return { node, count, width, height, pixels };
}

/** How often the order of the colours is turned round between the input and a node; undefined where the way is not a plain one. */
function swapsBefore(graph: Graph, input: string, node: Node): number | undefined {
  const makers = new Map(graph.nodes.flatMap((one) => one.outputs.map((output) => [output, one] as const)));
  let swaps = 0;
  for (let [value] = node.inputs; value !== input;) {
    const maker = makers.get(value);
    const taken = maker?.inputs.filter((name) => !graph.initializers.has(name));
    if (!maker || taken?.length !== 1) return undefined;
    if (turnsRound(graph, maker)) swaps++;
    [value] = taken;
  }
  return swaps;
}

function turnsRound(graph: Graph, node: Node): boolean {
  const numbers = (index: number): number[] =>
    Array.from(graph.initializers.get(node.inputs[index] ?? '')?.data ?? [], Number);
  if (node.op === 'Gather') return numbers(1).join() === '2,1,0';
  return node.op === 'Slice' && (numbers(4).join() === '-1' || intsOf(node, 'steps')?.join() === '-1');
}
