import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../main/engine/graph/write.ts';
import { findFreezePoint } from '../../main/engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { tailCodes } from '../../main/engine/networks/tail-graph.ts';
import { adamw } from '../../main/engine/training/optimizers.ts';
import { tailParameters } from '../../main/engine/training/parameters.ts';
import type { TrainingData } from '../../main/engine/training/train.ts';
import type { TrainingGraphRequest } from '../../main/engine/training/training-graph.ts';
import type { Batch } from '../../main/engine/training/training-session.ts';
import { createRandom } from '../../main/engine/random.ts';
import { zeroHead } from '../../main/trainer/fine-tuning/head.ts';
import { NetworkBuilder } from './networks.ts';
import { temporaryFolder } from './serving.ts';

export const size = 16;
export const classCount = 3;

/** A small residual network with BatchNormalization and random weights. @param folder where its file is to lie */
export async function residualNetwork(folder = temporaryFolder()): Promise<Network> {
  const net = new NetworkBuilder();
  let value = net.relu('stem/relu', net.norm('stem/norm', net.conv('stem/conv', net.input(), 8, { stride: 2 })));
  for (const block of ['block1', 'block2']) {
    const inner = net.relu(`${block}/relu1`, net.norm(`${block}/norm1`, net.conv(`${block}/conv1`, value, 8)));
    const outer = net.norm(`${block}/norm2`, net.conv(`${block}/conv2`, inner, 8));
    value = net.relu(`${block}/relu2`, net.add('Add', `${block}/add`, [value, outer]));
  }
  const file = join(folder, 'residual.onnx');
  writeFileSync(file, writeModel(net.model(value, ['N', 8, 16, 16])));
  return openNetwork(file, { size, preprocessing: scalings.tf });
}

export function requestFor(
  network: Network,
  freeze: string | undefined,
  changes: Partial<TrainingGraphRequest> = {},
): TrainingGraphRequest {
  const point = freeze === undefined ? undefined : findFreezePoint(network.freezePoints, freeze);
  return {
    network,
    freeze: point,
    parameters: tailParameters(network, point, { pretrainedRate: 0.5, rateFall: 2 }),
    head: zeroHead(tailCodes(network).length, classCount),
    classCount,
    batch: 8,
    normalisation: 'running',
    freshStatistics: false,
    optimizer: adamw,
    weightDecay: 0.01,
    towardPretrained: 0,
    clip: undefined,
    ...changes,
  };
}

/** Images of three classes, told apart by the direction of stripes and their absence. */
export function stripes(count: number, seed: number): Batch {
  const random = createRandom(seed);
  const classes = Int32Array.from({ length: count }, () => random.integer(classCount));
  const data = new Uint8Array(count * size * size * 3);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / 3);
    const [item, y, x] = [Math.floor(pixel / size ** 2), Math.floor(pixel / size) % size, pixel % size];
    const wave = classes[item] === 0 ? Math.floor(y / 2) % 2 : classes[item] === 1 ? Math.floor(x / 2) % 2 : 0.5;
    data[at] = 60 + 100 * wave + random.integer(60);
  }
  return { input: { type: 'uint8', shape: [count, size, size, 3], data }, classes };
}

/** Stripes as a run takes them: `steps` batches of 8 an epoch, each epoch its own, and 30 items to judge on. */
export function stripesData(steps: number): TrainingData {
  const held = stripes(30, 1000);
  return {
    steps,
    async *epoch(epoch, from) {
      for (let step = from; step < steps; step++) yield await Promise.resolve(stripes(8, epoch * 100 + step));
    },
    async *validation() {
      yield await Promise.resolve({ ...held, rows: held.classes.keys() });
    },
  };
}
