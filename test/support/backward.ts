import { blockSize } from '../../main/engine/blocked/block-size.ts';
import { toBlockedLayout } from '../../main/engine/blocked/lower.ts';
import { addGradients } from '../../main/engine/gradients/walk.ts';
import { int } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { createTensor, int64s, scalar } from '../../main/engine/graph/tensors.ts';
import type { Model, Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import type { Device } from '../../main/engine/runtime/session.ts';
import { statisticsOf, withBatchStatistics } from '../../main/engine/training/batch-statistics.ts';
import { foldFrozenNorm } from '../../main/engine/training/fold-frozen-norm.ts';

export interface LossAndGradients {
  readonly loss: number;
  /** By name: those of the network's input and of the parameters. None where the loss does not depend on it. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** What BatchNormalization's running statistics become, by their names, where it takes those of the batch. */
  readonly statistics: ReadonlyMap<string, Tensor>;
}

export interface PassOptions {
  /** The CPU when absent. */
  readonly device?: Device;
  /** BatchNormalization as in a run that keeps its running statistics or follows the batches'; as the file has it when absent. */
  readonly normalisation?: 'running' | 'batch';
}

/**
 * One pass forward and back, as a training step does it: parameters are fed, not constants of the graph.
 *
 * @param model normalised; gives logits [N, classes]
 * @param images one batch [N, C, H, W]
 * @param targets the class of each item
 * @param parameters names of the initializers that gradients are wanted of
 * @returns the softmax cross-entropy, its mean over the batch, and the gradients by the input and the parameters
 */
export async function lossAndGradients(
  model: Model,
  images: Tensor,
  targets: readonly number[],
  parameters: readonly string[],
  { device = 'cpu', normalisation }: PassOptions = {},
): Promise<LossAndGradients> {
  const { graph } = model;
  const [{ name: input }] = graph.inputs;
  const [{ name: logits, shape }] = graph.outputs;
  const feeds = new Map([[input, images]]);
  const followed = normalisation === 'batch' ? statisticsOf(graph) : [];
  for (const name of [...parameters, ...followed]) feeds.set(name, graph.initializers.get(name)!);
  const { model: prepared, statistics } = withNormalisation(withInputs(model, feeds), normalisation);

  const builder = new GraphBuilder({ ...prepared.graph, outputs: [] });
  const loss = addCrossEntropy(builder, logits, targets, Number(shape[1]));
  const forward = builder.build();
  const by = [input, ...parameters];
  const gradients = addGradients(builder, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
  const results = new Set([loss, ...gradients.values(), ...statistics.map(({ next }) => next)]);
  for (const name of results) builder.output(name, 'float32', []);
  const whole = builder.build();
  checkModel(whole);

  const isBlocked = normalisation !== undefined && device === 'cpu';
  const session = await createSession(writeModel(isBlocked ? toBlockedLayout(whole, await blockSize()) : whole), {
    device,
  });
  try {
    const values = await session.run(Object.fromEntries(feeds));
    return {
      loss: Number(values[loss].data[0]),
      gradients: new Map([...gradients].map(([name, gradient]) => [name, values[gradient]])),
      statistics: new Map(statistics.map(({ name, next }) => [name, values[next]])),
    };
  } finally {
    await session.release();
  }
}

/** The model with the shapes of what is fed to it, some of its constants among that. */
function withInputs({ graph, ...model }: Model, feeds: ReadonlyMap<string, Tensor>): Model {
  const inputs = [...feeds].map(([name, { type, shape }]) => ({ name, type, shape }));
  const initializers = new Map([...graph.initializers].filter(([name]) => !feeds.has(name)));
  return { ...model, graph: { ...graph, inputs, initializers } };
}

function withNormalisation(
  model: Model,
  normalisation: PassOptions['normalisation'],
): { model: Model; statistics: readonly { name: string; next: string }[] } {
  if (normalisation === 'batch') return withBatchStatistics(model);
  return { model: normalisation === 'running' ? foldFrozenNorm(model) : model, statistics: [] };
}

function addCrossEntropy(builder: GraphBuilder, logits: string, targets: readonly number[], classes: number): string {
  const oneHot = createTensor(
    'float32',
    [targets.length, classes],
    targets.flatMap((target) => Array.from({ length: classes }, (_, c) => Number(c === target))),
  );
  const logProbabilities = builder.add('LogSoftmax', [logits], { axis: int(1) });
  const picked = builder.add('Mul', [logProbabilities, builder.constant(oneHot)]);
  const sum = builder.add('ReduceSum', [picked, builder.constant(int64s([0, 1]))], { keepdims: int(0) });
  return builder.add('Mul', [sum, builder.constant(scalar(-1 / targets.length))]);
}

/** The Euclidean norm. */
export function lengthOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}

/** The Euclidean norm of the difference. */
export function distanceBetween(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return lengthOf(Float64Array.from(b, (value, i) => value - a[i]));
}
