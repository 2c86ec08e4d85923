import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { writeModel } from '../../main/engine/graph/write.ts';
import type { Model } from '../../main/engine/graph/types.ts';
import { createSession } from '../../main/engine/runtime/session.ts';

/** TensorFlow.js on its CPU backend, plain JavaScript: an independent witness for imports. */
await tf.setBackend('cpu');
// Otherwise it advertises its native backend on the first use.
tf.enableProdMode();

/** Activations that a layer of TensorFlow.js may have, and that do something. */
export const activations = [
  'relu',
  'relu6',
  'sigmoid',
  'softmax',
  'tanh',
  'hardSigmoid',
  'elu',
  'selu',
  'softplus',
  'softsign',
  'swish',
  'gelu',
  'mish',
] as const;

/** Gives every weight random values, BatchNormalization's statistics among them, so that none is at a neutral default. */
export function randomise(model: layers.LayersModel, seed = 1): void {
  const values = model.weights.map(({ name, shape }, i) => {
    const sizes = shape.map((size) => size ?? 1);
    if (name.includes('variance')) return tf.randomUniform(sizes, 0.5, 1.5, 'float32', seed + i);
    return tf.randomNormal(sizes, 0, 0.3, 'float32', seed + i);
  });
  model.setWeights(values);
}

export interface TfjsDescription {
  modelTopology: object;
  format: string | undefined;
  generatedBy: string | undefined;
  weightsManifest: { paths: string[]; weights: object[] }[];
}

/** Saves a model as TF.js does: model.json, and its weights in shards of at most `shardBytes`. */
export async function saveTfjs(
  model: layers.LayersModel,
  folder: string,
  shardBytes = 1_000,
): Promise<TfjsDescription> {
  await mkdir(folder, { recursive: true });
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save({
    save(saved) {
      artifacts = saved;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    },
  });
  const bytes = Buffer.from(tf.io.CompositeArrayBuffer.join(artifacts!.weightData));
  const paths: string[] = [];
  for (let start = 0; start < bytes.length; start += shardBytes) {
    paths.push(`group1-shard${paths.length + 1}.bin`);
    await writeFile(path.join(folder, paths.at(-1)!), bytes.subarray(start, start + shardBytes));
  }
  const description: TfjsDescription = {
    modelTopology: artifacts!.modelTopology as object,
    format: artifacts!.format,
    generatedBy: artifacts!.generatedBy,
    weightsManifest: [{ paths, weights: artifacts!.weightSpecs! }],
  };
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(description));
  return description;
}

/** The same random images for both: [n, size, size, channels] for TF.js and [n, channels, size, size] for ours. */
export function randomImages(
  n: number,
  size: number,
  channels: number,
  seed = 7,
): { nhwc: tf.Tensor4D; nchw: Float32Array } {
  const nhwc = tf.randomNormal<tf.Rank.R4>([n, size, size, channels], 0, 1, 'float32', seed);
  return { nhwc, nchw: tf.transpose(nhwc, [0, 3, 1, 2]).dataSync<'float32'>() };
}

/** Runs a model of one input and one output. */
export async function runOnce(model: Model, shape: readonly number[], data: Float32Array): Promise<Float32Array> {
  const session = await createSession(writeModel(model));
  const output = await session.run({ [model.graph.inputs[0].name]: { type: 'float32', shape, data } });
  await session.release();
  return output[model.graph.outputs[0].name].data as Float32Array;
}

export { layers, tf };
