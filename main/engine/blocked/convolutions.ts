import { int, intOf, ints } from '../graph/attributes.ts';
import type { Node } from '../graph/types.ts';
import { convolutionWindow, transposedWindow } from '../ops/convolution.ts';
import type { BlockedGraph } from './blocked-graph.ts';
import { denseWeights, depthwiseWeights, filledBias, firstWeights, turnedDepthwiseWeights } from './weights.ts';

/** No network's kernel is larger. */
const LARGEST_KERNEL = 11;

/** Writes a Conv on the blocked layout, left open; false where that has no such form. */
export function blockConvolution(graph: BlockedGraph, node: Node): boolean {
  const [x, w, b = ''] = node.inputs;
  const [input, weights] = [graph.shape(x), graph.shape(w)];
  if (input?.length !== 4 || weights?.length !== 4 || graph.type(x) !== 'float32') return false;
  const group = intOf(node, 'group', 1);
  const { kernel, strides, dilations, pads } = convolutionWindow(graph.context(node));
  const [channels, made] = [input[1], weights[0]];
  if (group === 1 && input[0] === 1 && isOfFilterGradient(kernel, dilations)) return false;
  let inputs: string[];
  let groups = 1;
  if (group === 1 && channels < graph.block) inputs = [graph.plain(x), firstWeights(graph, w)];
  else if (group === 1 && channels % 4 === 0) inputs = [graph.blocked(x), denseWeights(graph, w)];
  else if (group === channels && made === channels && channels % 4 === 0) {
    inputs = [graph.blocked(x), depthwiseWeights(graph, w)];
    groups = graph.filled(channels);
  } else return false;
  graph.setOpen(node.outputs[0], {
    inputs: b === '' ? inputs : [...inputs, filledBias(graph, b)],
    attributes: {
      kernel_shape: ints(kernel),
      strides: ints(strides),
      dilations: ints(dilations),
      pads: ints(pads),
      group: int(groups),
    },
  });
  return true;
}

/**
 * Whether a convolution of one item is the gradient by a filter, by its large kernel or its steps from channel to channel. The blocked
 * convolution would read such a kernel from memory again for every row; the plain one multiplies matrices that fit into the cache.
 */
function isOfFilterGradient(kernel: readonly number[], dilations: readonly number[]): boolean {
  return kernel.some((size) => size > LARGEST_KERNEL) || dilations.some((step) => step > 1);
}

/**
 * Writes a depthwise ConvTranspose on the blocked layout: zeros between the pixels, as many as the stride leaves out, then a Conv with the
 * kernel mirrored. False where it has no such form.
 */
export function blockTransposedConvolution(graph: BlockedGraph, node: Node): boolean {
  const [x, w, b = ''] = node.inputs;
  const [input, weights] = [graph.shape(x), graph.shape(w)];
  if (input?.length !== 4 || weights?.length !== 4 || graph.type(x) !== 'float32' || b !== '') return false;
  const [batch, channels, ...sizes] = input;
  const { kernel, strides, dilations, pads, output } = transposedWindow(graph.context(node));
  if (intOf(node, 'group', 1) !== channels || weights[1] !== 1 || channels % 4 !== 0) return false;
  const spaced = sizes.map((size, axis) => size * strides[axis]);
  const begins = kernel.map((size, axis) => (size - 1) * dilations[axis] - pads[axis]);
  const ends = output.map((size, axis) => size + pads[axis] - spaced[axis]);
  if ([...begins, ...ends].some((size) => size < 0)) return false;

  const { block } = graph;
  const filled = graph.filled(channels);
  const rows = graph.reshape(graph.blocked(x), [
    batch < 0 ? -1 : (batch * filled * sizes[0]) / block,
    1,
    sizes[1],
    block,
  ]);
  const more = [0, strides[0] - 1, 0, (strides[1] - 1) * block];
  const zeros = more.every((count) => count === 0) ? rows : graph.add('Pad', [rows, graph.list([0, 0, 0, 0, ...more])]);
  graph.setOpen(node.outputs[0], {
    inputs: [graph.reshape(zeros, [batch, filled, ...spaced]), turnedDepthwiseWeights(graph, w)],
    attributes: {
      kernel_shape: ints(kernel),
      dilations: ints(dilations),
      pads: ints([...begins, ...ends]),
      group: int(filled),
    },
  });
  return true;
}
