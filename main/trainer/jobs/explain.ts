import { UserError } from '../../contract/errors.ts';
import { createTensor } from '../../engine/graph/tensors.ts';
import type { Model, Tensor } from '../../engine/graph/types.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { buildClassActivation, classInput, mapOutput } from '../../engine/gradients/class-activation.ts';
import { appendHead } from '../../engine/networks/codes-graph.ts';
import { findFreezePoint, type FreezePoint } from '../../engine/networks/freeze-points.ts';
import { buildCodesTail, buildNetworkTail } from '../../engine/networks/tail-graph.ts';
import { buildTrunkModel } from '../../engine/networks/trunk-graph.ts';
import { createSession } from '../../engine/runtime/session.ts';
import { type ClassifierParts, type OpenedParts, openParts } from '../classifier-parts.ts';
import type { JobContext } from '../context.ts';
import { renderInWorker } from '../render-pool.ts';
import type { ViewedImage } from '../views.ts';

export interface ExplainParams extends ClassifierParts {
  /** The image with one view of it. */
  readonly image: ViewedImage;
  /** The freeze point whose activations are looked at; null: the last that still has places. */
  readonly point: string | null;
  /** Classes that are asked about, by number. */
  readonly classes: readonly number[];
  /** And so many of the likeliest. */
  readonly likeliest: number;
}

/** Where in the view one class is seen. */
export interface ClassMap {
  readonly classIndex: number;
  readonly width: number;
  readonly height: number;
  /** From 0 to 1, 1 being the largest of all maps: they can be compared. All 0 where no place says more for the class than another. */
  readonly values: Float32Array;
}

export interface ExplainResult {
  readonly size: number;
  /** What the network saw: uint8 [size, size, 3], RGB. */
  readonly pixels: Uint8Array;
  readonly probabilities: Float32Array;
  /** The freeze point that was looked at, and all that can be. */
  readonly point: string;
  readonly points: readonly string[];
  /** The likeliest class first, then the next. */
  readonly maps: readonly ClassMap[];
}

/**
 * Shows one view to a run's classifier, and computes where in it some classes are seen (engine/gradients/class-activation.ts). On the
 * CPU: one picture is not worth a device's start.
 *
 * @throws UserError when the view cannot be had, or the classifier's network keeps no places
 * @throws EngineError when there is no gradient on the way
 */
export async function explain(params: ExplainParams, context: JobContext): Promise<ExplainResult> {
  context.progress('Opening the network', 0);
  const { size } = params.preprocessing;
  const opened = await openParts(params);
  const { network, head } = opened;
  await context.breathe();
  const before = head ? head.codes.point.index : Infinity;
  const points = network.freezePoints.filter(({ kind, index }) => kind === 'spatial' && index <= before);
  const last = points.at(-1);
  if (!last)
    throw new UserError('This classifier rests on values without a place in the picture: there is nothing to show.');
  const point = params.point === null ? last : findFreezePoint(points, params.point);
  const tail = tailFrom(opened, point);
  const activation = buildClassActivation(tail);

  context.progress('Looking', 0);
  const { views, failures } = await renderInWorker(params.image, size);
  const view = views.at(0);
  if (!view) throw new UserError(failures[0].reason);
  const { pixels } = view;
  const activations = await once(buildTrunkModel(network, point), {
    pixels: { type: 'uint8', shape: [1, size, size, 3], data: pixels },
  });
  await context.breathe();

  const session = await createSession(writeModel(activation));
  try {
    const ask = (classIndex: number): ReturnType<typeof session.run> =>
      session.run({ [point.tensor]: activations, [classInput]: oneHot(classIndex, activation) });
    const [{ name: answer }] = tail.graph.outputs;
    const { [answer]: answered } = await ask(0);
    const probabilities = answered.data as Float32Array;
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
    const maps: { classIndex: number; map: Tensor<'float32'> }[] = [];
    for (const classIndex of new Set([...order.slice(0, params.likeliest), ...params.classes])) {
      await context.breathe();
      const { [mapOutput]: map } = await ask(classIndex);
      maps.push({ classIndex, map: map as Tensor<'float32'> });
    }
    const names = points.map(({ name }) => name);
    return { size, pixels, probabilities, point: point.name, points: names, maps: scaled(maps) };
  } finally {
    await session.release();
  }
}

function tailFrom({ network, head }: OpenedParts, point: FreezePoint): Model {
  return head ? appendHead(buildCodesTail(network, point, head.codes), head.model) : buildNetworkTail(network, point);
}

async function once(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Tensor> {
  const session = await createSession(writeModel(model));
  try {
    return (await session.run(feeds))[session.outputNames[0]];
  } finally {
    await session.release();
  }
}

/** @param model of `buildClassActivation` */
function oneHot(classIndex: number, model: Model): Tensor {
  const shape = model.graph.inputs.find(({ name }) => name === classInput)!.shape.map(Number);
  const values = new Float32Array(shape[1]);
  values[classIndex] = 1;
  return createTensor('float32', shape, values);
}

function scaled(maps: readonly { classIndex: number; map: Tensor<'float32'> }[]): ClassMap[] {
  const largest = maps.reduce((most, { map }) => map.data.reduce((a, b) => Math.max(a, b), most), 0);
  return maps.map(({ classIndex, map }) => {
    const [height, width] = map.shape;
    return { classIndex, width, height, values: largest > 0 ? map.data.map((value) => value / largest) : map.data };
  });
}
