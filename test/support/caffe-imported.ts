import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { writeModel } from '../../main/engine/graph/write.ts';
import { readCaffeModel } from '../../main/engine/importers/caffe.ts';
import type { CaffeFiles } from '../../main/engine/importers/caffe-files.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { type CaffeBlob, caffeModel, type CaffeModelOptions } from './caffe.ts';
import * as reference from './caffe-reference.ts';
import { randomNumbers } from './networks.ts';

export type Weights = Readonly<Record<string, readonly CaffeBlob[]>>;

/** A folder for one test file's networks of Caffe's. */
export function caffeFolder() {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'parfocal-caffe-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  let saved = 0;

  async function save(text: string, weights: Weights, options: CaffeModelOptions = {}): Promise<CaffeFiles> {
    const stem = path.join(folder, `net-${saved++}`);
    await writeFile(`${stem}.prototxt`, text);
    await writeFile(`${stem}.caffemodel`, caffeModel(weights, options));
    return { layers: `${stem}.prototxt`, weights: `${stem}.caffemodel` };
  }

  /** What a network gives for an image, by the importer and ONNX Runtime. */
  async function imported(
    text: string,
    weights: Weights,
    input: reference.Planes,
    options: CaffeModelOptions = {},
  ): Promise<Float32Array> {
    const { model } = await readCaffeModel(await save(text, weights, options));
    const session = await createSession(writeModel(model));
    const data = Float32Array.from(input.data);
    const output = await session.run({ data: { type: 'float32', shape: [1, ...input.shape], data } });
    await session.release();
    return output[model.graph.outputs[0].name].data as Float32Array;
  }

  return { save, imported };
}

/** A random image, values in −2 to 2. */
export function image(shape: reference.Planes['shape'], seed = 5): reference.Planes {
  const random = randomNumbers(seed);
  return reference.planes(shape, () => 2 * random());
}

export function expectSame(found: Float32Array, expected: reference.Planes, tolerance = 1e-5): void {
  expect(found).toHaveLength(expected.data.length);
  const worst = found.reduce((most, value, at) => Math.max(most, Math.abs(value - expected.data[at])), 0);
  expect(worst).toBeLessThan(tolerance);
}
