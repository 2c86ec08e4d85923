import { floatOf, int } from '../graph/attributes.ts';
import { rewrite } from '../graph/rewrite.ts';
import { elementCount, int64s, scalar } from '../graph/tensors.ts';
import type { Graph, Model } from '../graph/types.ts';

/** A statistic that follows the batches: the input that holds it, and the value that is to take its place. */
export interface RunningStatistic {
  readonly name: string;
  readonly next: string;
  readonly kind: 'mean' | 'variance';
}

/** The constants that hold the running statistics of BatchNormalization. */
export function statisticsOf(graph: Graph): string[] {
  const names = graph.nodes.flatMap(({ op, inputs }) => (op === 'BatchNormalization' ? inputs.slice(3) : []));
  return [...new Set(names)];
}

/**
 * Writes BatchNormalization out for training from the batches' own statistics (Ioffe and Szegedy, arXiv 1502.03167):
 * y = γ·(x − μ)/√(σ² + ε) + β with the mean and the variance over the batch and all pixels. The running ones follow as
 * `running ← m·running + (1 − m)·batch`, m being ONNX's `momentum` (0.9 where it is absent), with the unbiased variance, as
 * PyTorch has it.
 *
 * @param model its shapes in numbers, the batch's included, and its statistics inputs
 * @returns the model without BatchNormalization, and what is to become of its statistics
 */
export function withBatchStatistics(model: Model): { model: Model; statistics: RunningStatistic[] } {
  const statistics: RunningStatistic[] = [];
  const written = rewrite(model, {}, (context, to) => {
    const { node } = context;
    if (node.op !== 'BatchNormalization') {
      to.put(node);
      return;
    }
    const [x, scale, offset, mean, variance] = context.node.inputs;
    const sizes = context.sizes(0, 0);
    const channels = sizes[1];
    const axes = sizes.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const count = elementCount(sizes) / channels;
    const add = (op: string, ...inputs: string[]): string => to.add(node, op, inputs);
    const number = (value: number): string => to.constant(scalar(value), 'number');
    const axesInput = to.constant(int64s(axes), 'axes');
    const reduce = (value: string): string => to.add(node, 'ReduceMean', [value, axesInput], { keepdims: int(1) });
    const perChannel = to.constant(int64s(sizes.map((_, axis) => (axis === 1 ? channels : 1))), 'shape');
    const spread = (value: string): string => add('Reshape', value, perChannel);

    const batchMean = reduce(x);
    const centred = add('Sub', x, batchMean);
    const batchVariance = reduce(add('Mul', centred, centred));
    const deviation = add('Sqrt', add('Add', batchVariance, number(floatOf(node, 'epsilon', 1e-5))));
    const factor = add('Div', spread(scale), deviation);
    to.add(node, 'Add', [add('Mul', centred, factor), spread(offset)], {}, node.outputs[0]);

    const momentum = floatOf(node, 'momentum', 0.9);
    const flat = to.constant(int64s([channels]), 'shape');
    const follow = (kind: RunningStatistic['kind'], running: string, batch: string, weight: number): void => {
      const kept = add('Mul', running, number(momentum));
      const added = add('Mul', add('Reshape', batch, flat), number(weight));
      statistics.push({ kind, name: running, next: add('Add', kept, added) });
    };
    follow('mean', mean, batchMean, 1 - momentum);
    follow('variance', variance, batchVariance, ((1 - momentum) * count) / Math.max(1, count - 1));
  });
  return { model: written, statistics };
}
