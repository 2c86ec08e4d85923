import type { Tensor } from '../graph/types.ts';
import type { FreezePoint } from '../networks/freeze-points.ts';
import type { Network } from '../networks/network.ts';
import { buildTailModel } from '../networks/tail-graph.ts';
import { elementCount } from '../graph/tensors.ts';
import { createRandom } from '../random.ts';
import { chooseDevice, cpuAsAskedFor } from '../runtime/choose-device.ts';
import type { Device } from '../runtime/session.ts';
import type { TrainingGraphRequest } from './training-graph.ts';
import { TrainingSession, type TrainingSessionOptions } from './training-session.ts';

/** Items in the trial of a device: enough to tell, few enough for a second. */
const triedItems = 8;
const triedRate = 1e-3;

/**
 * A training session on the device asked for, if it takes the same two steps as the CPU there, on a few items of no meaning; for
 * `auto` on the fastest of those that do.
 */
export async function openTrainingSession(
  wanted: Device | 'auto',
  request: TrainingGraphRequest,
  options: Omit<TrainingSessionOptions, 'device'>,
): Promise<{ session: TrainingSession; device: Device; reason: string }> {
  const { device, reason } =
    wanted === 'cpu' ? { device: wanted, reason: cpuAsAskedFor } : await tryDevices(wanted, request, options);
  return { session: await TrainingSession.create(request, { ...options, device }), device, reason };
}

async function tryDevices(
  wanted: Device | 'auto',
  request: TrainingGraphRequest,
  options: Omit<TrainingSessionOptions, 'device'>,
): Promise<{ device: Device; reason: string }> {
  const small = { ...request, batch: Math.min(request.batch, triedItems) };
  const input = trialInput(request.network, request.freeze, small.batch);
  const classes = Int32Array.from({ length: small.batch }, (_, item) => item % request.classCount);
  const { made, device, reason } = await chooseDevice<TrainingSession>(wanted, {
    open: (one) => TrainingSession.create(small, { ...options, device: one }),
    async attempt(session) {
      const losses = [await session.step({ input, classes }, 1, triedRate)];
      const start = performance.now();
      losses.push(await session.step({ input, classes }, 2, triedRate));
      const answers = { losses: { type: 'float32', shape: [2], data: Float32Array.from(losses) } } as const;
      return { answers, milliseconds: performance.now() - start };
    },
    release: (session) => session.release(),
  });
  await made.release();
  return { device, reason };
}

/** A batch of no meaning, as the tail takes it. */
export function trialInput(network: Network, freeze: FreezePoint | undefined, batch: number): Tensor {
  const [{ type, shape: declared }] = buildTailModel(network, freeze).graph.inputs;
  const shape = [batch, ...declared.slice(1).map(Number)];
  const length = elementCount(shape);
  const random = createRandom(0);
  if (type === 'uint8') return { type, shape, data: Uint8Array.from({ length }, () => random.integer(256)) };
  // Activations are those of a ReLU mostly.
  return { type: 'float32', shape, data: Float32Array.from({ length }, () => Math.max(0, random.normal())) };
}
