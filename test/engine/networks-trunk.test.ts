import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { narrowToFloat16, widenFloat16 } from '../../main/engine/graph/float16.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { buildCodesModel } from '../../main/engine/networks/codes-graph.ts';
import { type Network, openNetwork } from '../../main/engine/networks/network.ts';
import { scalings } from '../../main/engine/networks/preprocessing.ts';
import { buildTrunkModel } from '../../main/engine/networks/trunk-graph.ts';
import { createSession, type Device } from '../../main/engine/runtime/session.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { NetworkBuilder } from '../support/networks.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

const size = 16;
let folder: string;
let network: Network;

/** Every second block ends in a ReLU6, as in MobileNet. */
function clipped(): Model {
  const net = new NetworkBuilder();
  let value = net.clip('clip1', net.conv('conv1', net.input(['N', 3, size, size]), 8, { stride: 2 }), 6);
  value = net.clip('clip2', net.norm('norm2', net.conv('conv2', value, 8, { groups: 8 })), 6);
  value = net.relu('relu3', net.conv('conv3', value, 12, { stride: 2 }));
  return net.model(value, ['N', 12, 4, 4]);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-trunk-'));
  const file = path.join(folder, 'network.onnx');
  await writeFile(file, writeModel(clipped()));
  network = await openNetwork(file, { preprocessing: scalings.torch });
});
afterAll(() => rm(folder, { recursive: true }));

async function run(model: Model, device: Device = 'cpu'): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const session = await createSession(writeModel(model), { device });
  const data = Uint8Array.from({ length: 3 * size * size * 3 }, (_, at) => (at * 2654435761) >>> 24);
  const values = await session.run({ pixels: { type: 'uint8', shape: [3, size, size, 3], data } });
  await session.release();
  return values[session.outputNames[0]] as { shape: readonly number[]; data: Float32Array };
}

describe('the trunk of a network', () => {
  test('gives the activations whose means are the codes, at every freeze point', async () => {
    expect(network.freezePoints.length).toBeGreaterThan(2);
    for (const point of network.freezePoints) {
      const { shape, data } = await run(buildTrunkModel(network, point));
      expect(shape).toEqual([3, ...point.shape]);
      const codes = await run(buildCodesModel(network, [{ point, pooling: 'avg' }]));
      const each = data.length / codes.data.length;
      for (const [at, code] of codes.data.entries()) {
        const mean = data.subarray(at * each, (at + 1) * each).reduce((sum, value) => sum + value, 0) / each;
        expect(mean).toBeCloseTo(code, 4);
      }
    }
  });
});

describeOnWebGpu('the trunk on WebGPU', () => {
  test('gives what it gives on the CPU, after a ReLU6 as well', async () => {
    for (const point of [network.freezePoints[0], network.freezePoints.at(-1)!]) {
      const model = buildTrunkModel(network, point);
      const [cpu, gpu] = [await run(model), await run(model, 'webgpu')];
      const worst = cpu.data.reduce((most, value, at) => Math.max(most, Math.abs(value - gpu.data[at])), 0);
      expect(worst).toBeLessThan(1e-3);
    }
  });
});

describe('half precision', () => {
  test('rounds to the nearest, and clamps what is beyond it', () => {
    const values = [0, -0, 1, 0.1, -3.14159, 65504, 65519, 65520, 1e9, -1e9, Infinity, 1e-8, 6e-8];
    const halves = narrowToFloat16(Float32Array.from(values));
    const expected = [0, -0, 1, 0.0999755859375, -3.140625, 65504, 65504, 65504, 65504, -65504, 65504, 0, 2 ** -24];
    expect([...halves]).toEqual(expected);
    expect(narrowToFloat16(Float32Array.of(NaN))[0]).toBeNaN();
    expect([...widenFloat16(new Uint16Array(halves.buffer))]).toEqual(expected);
  });
});
