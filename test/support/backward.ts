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

export interface LossAndGradients {
  readonly loss: number;
  /** By name: those of the network's input and of the parameters. None where the loss does not depend on it. */
  readonly gradients: ReadonlyMap<string, Tensor>;
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
  device: Device = 'cpu',
): Promise<LossAndGradients> {
  const { graph } = model;
  const initializers = new Map(graph.initializers);
  const fed = parameters.map((name) => {
    const { type, shape } = initializers.get(name)!;
    initializers.delete(name);
    return { name, type, shape };
  });
  const [{ name: input, type }] = graph.inputs;
  const [{ name: logits }] = graph.outputs;
  const inputs = [{ name: input, type, shape: images.shape }, ...fed];
  const builder = new GraphBuilder({ ...graph, inputs, outputs: [], initializers });
  const loss = addCrossEntropy(builder, logits, targets, Number(graph.outputs[0].shape[1]));
  const forward = builder.build();
  const names = [input, ...parameters];
  const gradients = addGradients(builder, {
    nodes: forward.graph.nodes,
    values: inferShapes(forward),
    loss,
    by: names,
  });
  builder.output(loss, 'float32', []);
  const shapes = new Map(inputs.map(({ name, shape }) => [name, shape]));
  // One gradient may be that of two values.
  for (const name of new Set(gradients.values()))
    builder.output(name, 'float32', shapes.get([...gradients].find(([, gradient]) => gradient === name)![0])!);
  const whole = builder.build();
  checkModel(whole);
  const session = await createSession(writeModel(whole), { device });
  try {
    const feeds = {
      [input]: images,
      ...Object.fromEntries(parameters.map((name) => [name, graph.initializers.get(name)!])),
    };
    const results = await session.run(feeds);
    return {
      loss: Number(results[loss].data[0]),
      gradients: new Map([...gradients].map(([name, gradient]) => [name, results[gradient]])),
    };
  } finally {
    await session.release();
  }
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

/** How far a tensor is from another, as a share of that one's length: ‖a − b‖ / ‖b‖. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0;
  let length = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    length += b[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}
