import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { createTensor, int64s } from '../graph/tensors.ts';
import type { Model, Node } from '../graph/types.ts';
import { buildPixels, preprocessingOf, prunedTo } from './codes-graph.ts';
import { ancestors } from './cuts.ts';
import { joinModels } from './join.ts';
import type { Network } from './network.ts';

/** A BatchNormalization with the statistics of the data that its network was pretrained on. */
export interface NormLayer {
  readonly name: string;
  /** The freeze point whose block it is in: the first that lies after it. */
  readonly point: string;
  /** The value that it normalises, [N, C, …], and how many dimensions that has. */
  readonly tensor: string;
  readonly rank: number;
  /** Running mean and variance of each channel. */
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** The layers of a backbone whose statistics are there to be compared with, from the input on; none where they were folded away. */
export function findNormLayers({ model, values, freezePoints }: Network): NormLayer[] {
  const { nodes, initializers } = model.graph;
  const layers: NormLayer[] = [];
  const seen = new Set<Node>();
  for (const point of freezePoints) {
    for (const node of ancestors(nodes, [point.tensor])) {
      if (node.op !== 'BatchNormalization' || seen.has(node)) continue;
      seen.add(node);
      const [tensor] = node.inputs;
      const [mean, variance] = node.inputs.slice(3).map((name) => initializers.get(name)?.data);
      if (!(mean instanceof Float32Array) || !(variance instanceof Float32Array)) continue;
      const rank = values.get(tensor)!.shape.length;
      layers.push({ name: node.name || node.outputs[0], point: point.name, tensor, rank, mean, variance });
    }
  }
  return layers;
}

/**
 * A model from pixels (as for `buildCodesModel`) to what the statistics of each layer's input are made of. For layer i the
 * outputs 2i and 2i + 1 are float32 [N, C]: the mean over the pixels of x − μs, and of its square, μs being the running mean.
 * Taken from the running mean, the digits of a small variance beside a large mean are not lost.
 *
 * @throws EngineError when the network's preprocessing is not known
 */
export function buildNormStatisticsModel(network: Network, layers: readonly NormLayer[]): Model {
  const inputs = layers.map(({ tensor }) => tensor);
  const builder = new GraphBuilder(prunedTo(network.model.graph, inputs));
  for (const [index, layer] of layers.entries()) {
    const channels = layer.mean.length;
    const shape = [channels, ...new Array<number>(layer.rank - 2).fill(1)];
    const mean = builder.constant(createTensor('float32', shape, layer.mean), 'running_mean');
    const distance = builder.add('Sub', [layer.tensor, mean]);
    const flat = builder.constant(int64s([0, channels, -1]), 'shape');
    const pixels = builder.constant(int64s([2]), 'axes');
    for (const [at, value] of [distance, builder.add('Mul', [distance, distance])].entries()) {
      const output = `statistics/${2 * index + at}`;
      const overPixels = builder.add('Reshape', [value, flat]);
      builder.add('ReduceMean', [overPixels, pixels], { keepdims: int(0) }, { outputs: [output] });
      builder.output(output, 'float32', ['N', channels]);
    }
  }
  return joinModels(buildPixels(preprocessingOf(network)), builder.build());
}

/**
 * How far data lie from what a layer was pretrained on: the median over channels of [(μt − μs)² + (σt − σs)²] / σs², with
 * μ and σ the mean and the deviation over items and pixels. The median, since the mean is ruled by a few channels that are
 * nearly dead.
 *
 * @param distance mean over items of the model's first output of the layer, μt − μs
 * @param square mean over items of its second
 */
export function normShift({ variance }: NormLayer, distance: ArrayLike<number>, square: ArrayLike<number>): number {
  const shifts = Float64Array.from(variance, (source, channel) => {
    const target = Math.max(square[channel] - distance[channel] ** 2, 0);
    const apart = distance[channel] ** 2 + (Math.sqrt(target) - Math.sqrt(source)) ** 2;
    return apart === 0 ? 0 : apart / source;
  }).sort();
  const middle = shifts.length >> 1;
  return shifts.length % 2 === 1 ? shifts[middle] : (shifts[middle - 1] + shifts[middle]) / 2;
}
