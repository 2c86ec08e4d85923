import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { readModelFile } from '../../main/engine/graph/read.ts';
import { createTensor, elementCount } from '../../main/engine/graph/tensors.ts';
import type { Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createRandom } from '../../main/engine/random.ts';
import { boxedNetworks } from '../../main/networks/box.ts';
import { addNetwork, networkFile, type StoredNetwork } from '../../main/networks/library.ts';
import type { Studio } from '../../main/studio-parts.ts';
import { shared } from '../study/datasets.ts';

/** What is compared in a gate. */
export interface Contenders {
  readonly starter: StoredNetwork;
  /** The starter's layers as if they were never trained. */
  readonly random: StoredNetwork;
  /** MobileNet v1, α = 1.0: the starter's teacher. */
  readonly mobilenet: StoredNetwork;
  /** No network: the image itself, shrunk. */
  readonly pixels: StoredNetwork;
}

/** @param folder for the files that are made */
export async function contenders(studio: Studio, folder: string): Promise<Contenders> {
  const starter = boxedNetworks(studio).find(({ info }) => info.name === 'starter');
  if (!starter) throw new Error('The starter is not in the box.');
  const add = async (name: string, bytes: Uint8Array): Promise<StoredNetwork> => {
    const file = join(folder, `${name}.onnx`);
    await writeFile(file, bytes);
    return addNetwork(studio.libraryFolder, studio.trainer, file, { scaling: 'tf' });
  };
  return {
    starter,
    random: await add('random', await untrained(networkFile(starter))),
    mobilenet: await addNetwork(
      studio.libraryFolder,
      studio.trainer,
      join(shared, 'models/mobilenet-v1-1.0-224-trunk'),
      { name: 'mobilenet' },
    ),
    pixels: await add('pixels', pixelNetwork()),
  };
}

/** The first letters of a network file's hash: figures are kept for the file that they were measured on. */
export async function fingerprint(network: StoredNetwork): Promise<string> {
  return createHash('sha256')
    .update(await readFile(networkFile(network)))
    .digest('hex')
    .slice(0, 12);
}

/**
 * The same graph with weights as before any training: normal with variance 2 / fan-in (He et al., arXiv 1502.01852),
 * normalisation that changes nothing. The signal keeps its scale from layer to layer then.
 */
async function untrained(file: string): Promise<Uint8Array> {
  const model = await readModelFile(file);
  const random = createRandom(0);
  const initializers = new Map(model.graph.initializers);
  const set = (name: string, value: (shape: readonly number[]) => number): void => {
    const { shape } = initializers.get(name)!;
    const data = Float32Array.from({ length: elementCount(shape) }, () => value(shape));
    initializers.set(name, createTensor('float32', shape, data) satisfies Tensor);
  };
  /** Where a weight lies that is stored in half precision and cast. */
  const stored = (name: string): string =>
    model.graph.nodes.find(({ op, outputs }) => op === 'Cast' && outputs[0] === name)?.inputs[0] ?? name;
  for (const { op, inputs } of model.graph.nodes) {
    if (op === 'Conv') set(stored(inputs[1]), ([, ...fanIn]) => random.normal() * Math.sqrt(2 / elementCount(fanIn)));
    if (op === 'BatchNormalization')
      for (const [at, name] of inputs.slice(1).entries()) set(name, () => [1, 0, 0, 1][at]);
  }
  return writeModel({ ...model, graph: { ...model.graph, initializers } });
}

/** Side of the shrunk image. */
const side = 16;
const inputSide = 3 * side;

/** Means over squares of 3 × 3 pixels as one vector, by a layer that changes nothing: so that it can be probed as networks are. */
function pixelNetwork(): Uint8Array {
  const builder = new GraphBuilder('pixels');
  const image = builder.input('image', 'float32', ['N', 3, inputSide, inputSide]);
  const means = builder.add('AveragePool', [image], { kernel_shape: ints([3, 3]), strides: ints([3, 3]) });
  const flat = builder.add('Flatten', [means], { axis: int(1) });
  const count = 3 * side ** 2;
  const identity = new Float32Array(count ** 2);
  for (let at = 0; at < count; at++) identity[at * count + at] = 1;
  const weights = builder.constant(createTensor('float32', [count, count], identity), 'identity');
  const pixels = builder.add('MatMul', [flat, weights], {}, { name: 'pixels' });
  // What comes last counts as a classifier, and is left out.
  const last = builder.constant(createTensor('float32', [count, 2], new Float32Array(2 * count)), 'left_out');
  builder.output(builder.add('MatMul', [pixels, last]), 'float32', ['N', 2]);
  return writeModel(builder.build());
}
