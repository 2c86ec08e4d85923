import { int, intsOf } from '../graph/attributes.ts';
import type { BlockedGraph } from './blocked-graph.ts';

/**
 * How weights lie in memory for the convolutions on the blocked layout, B channels to a block. Their shape is given as before, filled up.
 * Each layout is made in steps that move one axis or whole blocks, which are fast; a Gather between two of them keeps ONNX Runtime from
 * making one slow Transpose of both.
 */

/** [M, C, h, w] → [M/B, C/B, h·w, B of C, B of M]. */
export function denseWeights(graph: BlockedGraph, weights: string): string {
  const original = turnedFrom(graph, weights);
  return original === undefined ? straightWeights(graph, weights) : turnedWeights(graph, original);
}

function straightWeights(graph: BlockedGraph, weights: string): string {
  const { block } = graph;
  const [made, channels, height, width] = graph.shape(weights)!;
  const [m, c, taps] = [graph.filled(made), graph.filled(channels), height * width];
  const full = filled(graph, graph.plain(weights), [m - made, c - channels]);
  let lanes = graph.transpose(graph.reshape(full, [m / block, block, c * taps]), [0, 2, 1]);
  if (taps > 1) lanes = graph.add('Gather', [lanes, tapsFirst(graph, c, taps)], { axis: int(1) });
  return graph.reshape(lanes, [m, c, height, width]);
}

/** As denseWeights of the turned weights, straight from those that they are turned from. */
function turnedWeights(graph: BlockedGraph, original: string): string {
  const { block } = graph;
  const [made, channels, height, width] = graph.shape(original)!;
  const [m, c, taps] = [graph.filled(made), graph.filled(channels), height * width];
  let value = filled(graph, graph.plain(original), [m - made, c - channels]);
  if (taps > 1) {
    value = graph.transpose(graph.reshape(value, [(m * c) / block, block, taps]), [0, 2, 1]);
    value = graph.add('Gather', [value, reversed(graph, taps)], { axis: int(1) });
  }
  value = graph.transpose(graph.reshape(value, [m / block, block, c / block, taps, block]), [2, 0, 3, 1, 4]);
  return graph.reshape(value, [c, m, height, width]);
}

/** Where rows [C, taps] of weights come from when they are put as [C/B, taps, B of C]. */
function tapsFirst(graph: BlockedGraph, channels: number, taps: number): string {
  const { block } = graph;
  const from = Array.from({ length: channels * taps }, (_, to) => {
    const [lane, tap] = [to % block, Math.floor(to / block) % taps];
    return (Math.floor(to / (block * taps)) * block + lane) * taps + tap;
  });
  return graph.list(from);
}

/** What weights are turned from for a data gradient, when they are: input and output channels exchanged, the kernel point-mirrored. */
function turnedFrom(graph: BlockedGraph, weights: string): string | undefined {
  let node = graph.producer(weights);
  const [, , height, width] = graph.shape(weights)!;
  if (height * width > 1) {
    if (node?.op !== 'Slice') return undefined;
    const [starts, axes, steps] = [1, 3, 4].map((input) => graph.numbers(node!.inputs[input])?.join());
    if (starts !== '-1,-1' || axes !== '2,3' || steps !== '-1,-1') return undefined;
    node = graph.producer(node.inputs[0]);
  }
  return node?.op === 'Transpose' && intsOf(node, 'perm')?.join() === '1,0,2,3' ? node.inputs[0] : undefined;
}

/** For an input whose few channels are not blocked: [M, C, h, w] → [M/B, C, h·w, B of M]. */
export function firstWeights(graph: BlockedGraph, weights: string): string {
  const { block } = graph;
  const [made, channels, height, width] = graph.shape(weights)!;
  const m = graph.filled(made);
  const full = filled(graph, graph.plain(weights), [m - made, 0]);
  const lanes = graph.transpose(graph.reshape(full, [m / block, block, channels * height * width]), [0, 2, 1]);
  return graph.reshape(lanes, [m, channels, height, width]);
}

/**
 * Of a depthwise convolution: [C, 1, h, w] → [C/B, h·w, B], which is how a blocked value of C channels lies; so the gradient by one
 * can be the weights of another as it stands.
 */
export function depthwiseWeights(graph: BlockedGraph, weights: string): string {
  const shape = graph.shape(weights)!;
  const from = graph.reshapedFrom(weights);
  const before = from === undefined ? undefined : graph.shape(from)!;
  if (from !== undefined && before?.length === 4 && before[1] % graph.block === 0 && before[0] * before[1] === shape[0])
    return graph.reshape(graph.blocked(from), shape);
  return depthwiseLayout(graph, graph.plain(weights), shape);
}

/** As depthwiseWeights, the kernel point-mirrored. */
export function turnedDepthwiseWeights(graph: BlockedGraph, weights: string): string {
  const [channels, , height, width] = graph.shape(weights)!;
  const rows = graph.reshape(graph.plain(weights), [channels, height * width]);
  const mirrored = graph.add('Gather', [rows, reversed(graph, height * width)], { axis: int(1) });
  return depthwiseLayout(graph, mirrored, [channels, 1, height, width]);
}

function depthwiseLayout(graph: BlockedGraph, weights: string, shape: readonly number[]): string {
  const [channels, , height, width] = shape;
  const asValue = graph.reshape(weights, [1, channels, height, width]);
  const blocked = graph.addBlocked('ReorderInput', [asValue], { channels_last: int(0) });
  return graph.reshape(blocked, [graph.filled(channels), 1, height, width]);
}

/** A bias for the filled-up channels. */
export function filledBias(graph: BlockedGraph, bias: string): string {
  const [made] = graph.shape(bias)!;
  return filled(graph, graph.plain(bias), [graph.filled(made) - made]);
}

/** Zeros behind the first axes. */
function filled(graph: BlockedGraph, value: string, more: readonly number[]): string {
  if (more.every((count) => count === 0)) return value;
  const rank = more.length === 1 ? 1 : 4;
  const ends = Array.from({ length: rank }, (_, axis) => more[axis] ?? 0);
  return graph.add('Pad', [value, graph.list([...ends.map(() => 0), ...ends])]);
}

function reversed(graph: BlockedGraph, count: number): string {
  return graph.list(Array.from({ length: count }, (_, i) => count - 1 - i));
}
