import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../../main/engine/errors.ts';
import { readTfjsModel } from '../../main/engine/importers/tfjs.ts';
import { layers, randomImages, randomise, runOnce, saveTfjs, tf } from '../support/tfjs.ts';
import type { TfjsDescription } from '../support/tfjs.ts';

let folder: string;
let description: TfjsDescription;
let bytes: Buffer;
let nchw: Float32Array;
let expected: Float32Array;

/** Two convolutions, a residual addition and a dense layer: 8×8 pixels to three classes. */
function network(): layers.LayersModel {
  const image = layers.input({ shape: [8, 8, 3], name: 'image' });
  const first = layers.layers
    .conv2d({ filters: 4, kernelSize: 3, padding: 'same', strides: 2, activation: 'relu', name: 'first' })
    .apply(image);
  const second = layers.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', name: 'second' }).apply(first);
  const sum = layers.layers.add({ name: 'sum' }).apply([first, second] as layers.SymbolicTensor[]);
  const pooled = layers.layers.globalAveragePooling2d({ name: 'pooled' }).apply(sum);
  const classes = layers.layers.dense({ units: 3, activation: 'softmax', name: 'classes' }).apply(pooled);
  return layers.model({ inputs: image, outputs: classes as layers.SymbolicTensor });
}

beforeAll(() => {
  const images = randomImages(2, 8, 3);
  nchw = images.nchw;
  const model = network();
  randomise(model);
  expected = (model.predict(images.nhwc) as tf.Tensor).dataSync<'float32'>();
});

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parfocal-tfjs-'));
  const model = network();
  randomise(model);
  description = await saveTfjs(model, folder, 500);
  bytes = Buffer.concat(await Promise.all(description.weightsManifest[0].paths.map((p) => readFile(file(p)))));
});
afterAll(() => rm(folder, { recursive: true }));

const file = (name: string): string => path.join(folder, name);
const writeDescription = (): Promise<void> => writeFile(file('model.json'), JSON.stringify(description));

/** A JSON value that a test reaches into. */
interface Json {
  [key: string]: Json;
}

const topology = (): Json => description.modelTopology as Json;
const layerList = (): Json[] => topology().config.layers as unknown as Json[];

async function difference(): Promise<number> {
  const { model } = await readTfjsModel(folder);
  const found = await runOnce(model, [2, 3, 8, 8], nchw);
  expect(found.length).toBe(expected.length);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}

async function failure(): Promise<string> {
  const error: unknown = await readTfjsModel(folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EngineError);
  return (error as EngineError).message;
}

describe('forms of the file', () => {
  test('several shards', async () => {
    expect(description.weightsManifest[0].paths.length).toBeGreaterThan(2);
    expect(await difference()).toBeLessThan(1e-4);
  });

  test('several groups of weights', async () => {
    const { weights } = description.weightsManifest[0] as { weights: { shape: number[] }[] };
    let offset = 0;
    description.weightsManifest = weights.map((weight, i) => ({ paths: [`w${i}.bin`], weights: [weight] }));
    for (const [i, weight] of weights.entries()) {
      const end = offset + 4 * weight.shape.reduce((product, size) => product * size, 1);
      await writeFile(file(`w${i}.bin`), bytes.subarray(offset, end));
      offset = end;
    }
    await writeDescription();
    expect(await difference()).toBeLessThan(1e-4);
  });

  test('a converted Keras 2 file wraps the model', async () => {
    description.modelTopology = { keras_version: '2.1.4', backend: 'tensorflow', model_config: topology() };
    await writeDescription();
    expect(await difference()).toBeLessThan(1e-4);
  });

  test('Keras 3: batch_shape, calls as arguments, single references', async () => {
    for (const layer of layerList()) {
      const calls = layer.inbound_nodes as unknown as [string, number, number, object][][];
      const tensors = calls.map((call) =>
        call.map(([name, node, output]) => ({
          class_name: '__keras_tensor__',
          config: { shape: [null, 1], dtype: 'float32', keras_history: [name, node, output] },
        })),
      );
      layer.inbound_nodes = tensors.map((list) => ({
        args: list.length === 1 ? list : [list],
        kwargs: {},
      })) as unknown as Json;
      if ('batch_input_shape' in layer.config) layer.config.batch_shape = layer.config.batch_input_shape;
      delete (layer.config as Partial<Json>).batch_input_shape;
    }
    const [[input], [output]] = [
      topology().config.input_layers,
      topology().config.output_layers,
    ] as unknown as Json[][];
    Object.assign(topology().config, { input_layers: input, output_layers: output });
    description.modelTopology = {
      keras_version: '3.4.1',
      model_config: { class_name: 'Functional', config: topology().config },
    };
    await writeDescription();
    expect(await difference()).toBeLessThan(1e-4);
  });

  test('weight names with the enclosing model in front', async () => {
    for (const weight of description.weightsManifest[0].weights as { name: string }[])
      weight.name = `functional_1/${weight.name}`;
    await writeDescription();
    expect(await difference()).toBeLessThan(1e-4);
  });

  test('a sequential model whose configuration is a list', async () => {
    const model = layers.sequential({
      layers: [layers.layers.flatten({ inputShape: [2, 2, 3] }), layers.layers.dense({ units: 1 })],
    });
    const saved = await saveTfjs(model, folder);
    const config = (saved.modelTopology as Json).config.layers;
    description = { ...saved, modelTopology: { class_name: 'Sequential', config } };
    await writeDescription();
    expect((await readTfjsModel(folder)).model.graph.outputs[0].shape).toEqual(['N', 1]);
  });

  for (const dtype of ['uint8', 'uint16', 'float16'] as const)
    test(`weights stored as ${dtype}`, async () => {
      const parts: Buffer[] = [];
      let offset = 0;
      let largestStep = 0;
      for (const weight of description.weightsManifest[0].weights as (Json & { shape: number[] })[]) {
        const count = weight.shape.reduce((product, size) => product * size, 1);
        const values = Array.from({ length: count }, (_, i) => bytes.readFloatLE(offset + 4 * i));
        offset += 4 * count;
        if (dtype === 'float16') {
          parts.push(Buffer.from(Uint16Array.from(values, halfBits).buffer));
          weight.quantization = { dtype: 'float16', original_dtype: 'float32' } as unknown as Json;
          continue;
        }
        const min = Math.min(...values);
        const levels = dtype === 'uint8' ? 255 : 65535;
        const scale = (Math.max(...values) - min) / levels || 1;
        largestStep = Math.max(largestStep, scale);
        const stored = values.map((value) => Math.round((value - min) / scale));
        parts.push(Buffer.from((dtype === 'uint8' ? Uint8Array.from(stored) : Uint16Array.from(stored)).buffer));
        weight.quantization = { dtype, scale, min } as unknown as Json;
      }
      await writeFile(file('all.bin'), Buffer.concat(parts));
      description.weightsManifest[0].paths = ['all.bin'];
      await writeDescription();
      const { model } = await readTfjsModel(folder);
      const original = await originals();
      // Half a step of the quantisation at most; half precision has 11 significant bits.
      for (const [name, values] of original) {
        const found = model.graph.initializers.get(name)!.data as Float32Array;
        for (const [i, value] of values.entries()) {
          const allowed = dtype === 'float16' ? Math.abs(value) * 2 ** -11 + 1e-7 : largestStep * 0.501;
          expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(allowed);
        }
      }
    });
});

/** Weights of the graph before they were quantised. */
async function originals(): Promise<Map<string, Float32Array>> {
  const other = await mkdtemp(path.join(tmpdir(), 'parfocal-tfjs-'));
  const model = network();
  randomise(model);
  await saveTfjs(model, other);
  const { model: imported } = await readTfjsModel(other);
  await rm(other, { recursive: true });
  return new Map([...imported.graph.initializers].map(([name, tensor]) => [name, tensor.data as Float32Array]));
}

/** The 16 bits of the nearest half-precision number, for the sizes that occur here. */
function halfBits(value: number): number {
  const size = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  const exponent = Math.max(Math.floor(Math.log2(size || 2 ** -20)), -14);
  const fraction = Math.round((size / 2 ** exponent) * 1024);
  if (fraction < 1024) return sign | fraction;
  return sign | (((exponent + 15) << 10) + (fraction - 1024));
}

describe('bad files', () => {
  test('a missing file', async () => {
    await rm(file('model.json'));
    expect(await failure()).toMatch(/model\.json: there is no such file/);
  });

  test('JSON cut short', async () => {
    await truncate(file('model.json'), 300);
    expect(await failure()).toMatch(/model\.json: it is not valid JSON.*copy it again/);
  });

  test('a missing shard', async () => {
    await rm(file('group1-shard2.bin'));
    expect(await failure()).toMatch(/group1-shard2\.bin: .*it is not there/);
  });

  test('a shard of the wrong length', async () => {
    await truncate(file('group1-shard2.bin'), 480);
    expect(await failure()).toMatch(/take \d+ bytes, but its files hold \d+ .*group1-shard2\.bin 480/);
  });

  for (const outside of [
    '../secret.bin',
    '/etc/hostname',
    'https://example.org/w.bin',
    'a/../../w.bin',
    'C:\\w.bin',
    '..\\w.bin',
    '',
  ])
    test(`a weights file named "${outside}"`, async () => {
      description.weightsManifest[0].paths = [outside];
      await writeDescription();
      expect(await failure()).toMatch(outside === '' ? /has no name/ : /outside its folder. It is not read/);
    });

  test('a weight that is not there', async () => {
    (description.weightsManifest[0].weights[0] as { name: string }).name = 'other/kernel';
    await writeDescription();
    expect(await failure()).toMatch(/"first" \(Conv2D\).*its weight "first\/kernel" is not in the file/);
  });

  test('a weight of another shape', async () => {
    (description.weightsManifest[0].weights[0] as { shape: number[] }).shape = [3, 3, 4, 3];
    await writeDescription();
    expect(await failure()).toMatch(/"first" .*"kernel" has the shape \[3, 3, 4, 3\], but \[3, 3, 3, 4\] is needed/);
  });

  test('a weight of a type that is not read', async () => {
    (description.weightsManifest[0].weights[0] as { dtype: string }).dtype = 'string';
    await writeDescription();
    expect(await failure()).toMatch(/first\/kernel.*type string are not read/);
  });

  test('a layer that is not supported', async () => {
    layerList()[2].class_name = 'Attention' as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/"second" \(Attention\).*layers of class Attention are not supported/);
  });

  test('an activation that is not known', async () => {
    layerList()[1].config.activation = 'wobble' as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/"first" .*activation "wobble" is not supported/);
  });

  test('a layer that depends on itself, or on none', async () => {
    layerList()[1].inbound_nodes = [[['second', 0, 0, {}]]] as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/layer "(first|second)" depends on its own result/);
    layerList()[1].inbound_nodes = [[['nobody', 0, 0, {}]]] as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/"nobody", which is not there/);
  });

  test('a graph model', async () => {
    await writeFile(
      file('model.json'),
      JSON.stringify({ format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] }),
    );
    expect(await failure()).toMatch(/graph model.*Convert the original network to ONNX/);
  });

  test('JSON that is no network', async () => {
    await writeFile(file('model.json'), '{"a": 1}');
    expect(await failure()).toMatch(/model\.json: field "modelTopology" is not a JSON object/);
    await writeFile(file('model.json'), '[]');
    expect(await failure()).toMatch(/model\.json is not a JSON object/);
    await writeFile(file('model.json'), '{"modelTopology": {"class_name": "Bidirectional"}, "weightsManifest": []}');
    expect(await failure()).toMatch(/of class "Bidirectional"/);
  });

  test('a network that takes no image, or does not say its size', async () => {
    layerList()[0].config.batch_input_shape = [null, 12] as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/takes 12, not an image/);
    layerList()[0].config.batch_input_shape = [null, null, null, 3] as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/does not say its input size. Give the input size/);
    layerList()[0].config.batch_input_shape = [null, 8, 6, 3] as unknown as Json;
    await writeDescription();
    expect(await failure()).toMatch(/takes 8 × 6 × 3, which is not square/);
  });

  test('a size at which a dense layer does not fit', async () => {
    const model = layers.sequential({
      layers: [
        layers.layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, inputShape: [9, 9, 3] }),
        layers.layers.flatten(),
        layers.layers.dense({ units: 2, name: 'fc6' }),
      ],
    });
    await saveTfjs(model, folder);
    await expect(readTfjsModel(folder, { size: 7 })).rejects.toThrow(
      /"fc6" \(Dense\), at 7 pixels: it expects 32 values, but would get 18. The network was made for 9 pixels; use that size./,
    );
    await expect(readTfjsModel(folder, { size: 2 })).rejects.toThrow(/window of 3 does not fit into the 2 values/);
  });
});
