import { int, intOf } from '../graph/attributes.ts';
import type { Node } from '../graph/types.ts';
import type { BlockedGraph } from './blocked-graph.ts';

/** Whether a value has one number for each channel of an image of a shape: [C, 1, 1], [1, C, 1, 1] or [N, C, 1, 1]. */
export function isPerChannel(graph: BlockedGraph, value: string, [batch, channels]: readonly number[]): boolean {
  const shape = graph.shape(value);
  if (!shape || shape.length > 4 || graph.type(value) !== 'float32') return false;
  const [items, own, ...sizes] = shape.length === 3 ? [1, ...shape] : shape;
  const fits = own === channels && (items === 1 || items === batch) && sizes.every((size) => size === 1);
  return fits && sizes.length === 2 && (channels % 4 === 0 || graph.isBlocked(value));
}

/** Such a value as [N or 1, C/block, 1, block]. */
export function channelRows(graph: BlockedGraph, value: string): string {
  const shape = graph.shape(value)!;
  const [items, channels] = shape.length === 3 ? [1, shape[0]] : shape;
  const blocked =
    shape.length === 3
      ? graph.addBlocked('ReorderInput', [graph.reshape(graph.plain(value), [1, channels, 1, 1])], {
          channels_last: int(0),
        })
      : graph.blocked(value);
  return graph.reshape(blocked, [items, graph.filled(channels) / graph.block, 1, graph.block]);
}

/** Writes a value for each channel spread over images on the blocked layout, as the gradient of a mean is. */
export function blockExpand(graph: BlockedGraph, node: Node): boolean {
  const [value] = node.inputs;
  const [output] = node.outputs;
  const shape = graph.shape(output);
  if (shape?.length !== 4 || shape[0] < 0 || !isPerChannel(graph, value, shape)) return false;
  const [batch, channels, height, width] = shape;
  const { block } = graph;
  const spread = graph.list([batch, graph.filled(channels) / block, height * width, block]);
  const expanded = graph.add('Expand', [channelRows(graph, value), spread]);
  graph.setBlocked(output, graph.reshape(expanded, graph.filledShape(output)));
  return true;
}

/** Writes the sum or mean over the pixels, or over pixels and items as the gradient of a bias is, on the blocked layout. */
export function blockReduction(graph: BlockedGraph, node: Node): boolean {
  const [input, axes = ''] = node.inputs;
  const [output] = node.outputs;
  const shape = graph.shape(input);
  if (shape?.length !== 4 || !graph.isBlocked(input)) return false;
  const over = graph.numbers(axes)?.join();
  const reduce = (value: string, axis: number): string =>
    graph.add(node.op, [value, graph.list([axis])], { keepdims: int(0) });
  const [batch, channels] = shape;
  const filled = graph.filled(channels);
  if (over === '2,3' && intOf(node, 'keepdims', 1) !== 0) {
    graph.setBlocked(output, graph.reshape(reduce(graph.rows(input), 1), [batch, filled, 1, 1]));
    return true;
  }
  if (over !== '0,2,3') return false;
  const all = reduce(graph.reshape(reduce(graph.rows(input), 1), [batch, filled]), 0);
  const own = filled === channels ? all : graph.add('Slice', [all, graph.list([0]), graph.list([channels])]);
  graph.define(output, 'Reshape', [own, graph.list(graph.shape(output)!)]);
  return true;
}
