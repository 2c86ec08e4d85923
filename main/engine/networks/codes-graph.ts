import { EngineError } from '../errors.ts';
import { int, ints } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { codeOfType, createTensor, int64s } from '../graph/tensors.ts';
import type { Graph, Model } from '../graph/types.ts';
import { ancestors } from './cuts.ts';
import type { FreezePoint } from './freeze-points.ts';
import { joinModels } from './join.ts';
import type { Network } from './network.ts';
import type { Preprocessing } from './preprocessing.ts';

/** How activations [C, H, W] become one vector: mean; mean and maximum, 2C; means over a 2×2 grid, 4C. */
export type Pooling = 'avg' | 'avg+max' | 'pyramid';

export interface CodesRequest {
  readonly point: FreezePoint;
  /** Of no effect at a point that is a vector: its values are the codes. */
  readonly pooling: Pooling;
}

/** Name of the input of every model that is built here. */
export const pixelsInput = 'pixels';

/** Name of the output of `buildCodesModel` for a request. */
export function codesOutput({ point, pooling }: CodesRequest): string {
  return `codes/${point.name}/${pooling}`;
}

/** How many values the codes have. */
export function codesLength({ point, pooling }: CodesRequest): number {
  const [channels] = point.shape;
  if (point.kind === 'vector') return channels;
  return { avg: 1, 'avg+max': 2, pyramid: 4 }[pooling] * channels;
}

/**
 * A model from pixels to CNN codes at one or several freeze points in one pass; what comes after the last of them is left
 * out. It takes `pixels`, uint8 [N, size, size, 3], RGB from 0 to 255: the network's preprocessing is part of the model.
 * For each request it gives float32 [N, D], named by `codesOutput`, D being `codesLength`.
 *
 * @throws EngineError when the network's preprocessing is not known
 */
export function buildCodesModel(network: Network, requests: readonly CodesRequest[]): Model {
  const trunk = prunedTo(
    network.model.graph,
    requests.map(({ point }) => point.tensor),
  );
  return joinModels(buildPixels(preprocessingOf(network)), addCodes(trunk, requests));
}

/** Adds to a graph the pooling of its activations into codes, and makes them its outputs. */
export function addCodes(graph: Graph, requests: readonly CodesRequest[]): Model {
  const builder = new GraphBuilder(graph);
  for (const request of requests) {
    addPooling(builder, request);
    builder.output(codesOutput(request), 'float32', ['N', codesLength(request)]);
  }
  return builder.build();
}

/**
 * The whole network from pixels (as for `buildCodesModel`) to its own output, which keeps its name.
 *
 * @throws EngineError when the network's preprocessing is not known
 */
export function buildNetworkModel(network: Network): Model {
  const { graph } = network.model;
  const outputs = graph.outputs.filter((output) => output.name === network.output);
  const whole = { ...network.model, graph: { ...prunedTo(graph, [network.output]), outputs } };
  return joinModels(buildPixels(preprocessingOf(network)), whole);
}

/**
 * A classifier from pixels to the head's output.
 *
 * @param codes a model of `buildCodesModel` for one request: gives [N, D]
 * @param head takes [N, D]; its outputs and its metadata are the result's
 */
export function appendHead(codes: Model, head: Model): Model {
  return joinModels(codes, head);
}

export function preprocessingOf(network: Network): Preprocessing {
  if (network.preprocessing) return network.preprocessing;
  throw new EngineError(
    `${network.path}: how pixels become this network's input is not known. Give its preprocessing: tf, torch, caffe, unit or raw, or range, mean and deviation.`,
  );
}

/** The part of a graph that some values depend on, without outputs. */
export function prunedTo(graph: Graph, values: readonly string[]): Graph {
  const nodes = ancestors(graph.nodes, values);
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const initializers = new Map([...graph.initializers].filter(([name]) => used.has(name)));
  return { ...graph, nodes, initializers, outputs: [] };
}

/** From pixels to a network's input: scale and offset of every channel in one multiplication and one addition. */
export function buildPixels(preprocessing: Preprocessing): Model {
  const { size, range, mean, deviation, channels, layout } = preprocessing;
  const first = layout === 'nchw';
  const builder = new GraphBuilder('preprocessing');
  let value = builder.input(pixelsInput, 'uint8', ['N', size, size, 3]);
  // Moved while they are bytes: a quarter of the memory of floats.
  if (first) value = builder.add('Transpose', [value], { perm: ints([0, 3, 1, 2]) });
  if (channels === 'bgr') {
    const order = builder.constant(int64s([2, 1, 0]), 'bgr');
    value = builder.add('Gather', [value, order], { axis: int(first ? 1 : 3) });
  }
  value = builder.add('Cast', [value], { to: int(codeOfType('float32')) });
  const scale = deviation.map((d) => (range[1] - range[0]) / 255 / d);
  const offset = deviation.map((d, i) => (range[0] - mean[i]) / d);
  const shape = first ? [1, 3, 1, 1] : [3];
  if (scale.some((s) => s !== 1))
    value = builder.add('Mul', [value, builder.constant(createTensor('float32', shape, scale), 'scale')]);
  if (offset.some((o) => o !== 0))
    value = builder.add('Add', [value, builder.constant(createTensor('float32', shape, offset), 'offset')]);
  builder.output(value, 'float32', first ? ['N', 3, size, size] : ['N', size, size, 3]);
  return builder.build();
}

function addPooling(builder: GraphBuilder, request: CodesRequest): void {
  const { point, pooling } = request;
  const output = { outputs: [codesOutput(request)] };
  if (point.kind === 'vector') {
    builder.add('Flatten', [point.tensor], {}, output);
    return;
  }
  if (pooling === 'pyramid') {
    builder.add('Flatten', [addGrid(builder, point)], {}, output);
    return;
  }
  const mean = builder.add('GlobalAveragePool', [point.tensor]);
  if (pooling === 'avg') {
    builder.add('Flatten', [mean], {}, output);
    return;
  }
  const most = builder.add('GlobalMaxPool', [point.tensor]);
  builder.add('Flatten', [builder.add('Concat', [mean, most], { axis: int(1) })], {}, output);
}

/**
 * Means over a 2×2 grid, [N, C, 2, 2], as adaptive average pooling (PyTorch) divides a side of n: from ⌊i·n/2⌋ to
 * ⌈(i+1)·n/2⌉. For two parts these are windows of ⌈n/2⌉ at a distance of ⌊n/2⌋; a side of 1 is in both parts.
 */
function addGrid(builder: GraphBuilder, point: FreezePoint): string {
  const sides = point.shape.slice(1);
  let value = builder.add('AveragePool', [point.tensor], {
    kernel_shape: ints(sides.map((n) => Math.ceil(n / 2))),
    strides: ints(sides.map((n) => Math.max(Math.floor(n / 2), 1))),
  });
  for (const [i, side] of sides.entries())
    if (side === 1) value = builder.add('Concat', [value, value], { axis: int(2 + i) });
  return value;
}
