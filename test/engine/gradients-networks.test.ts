import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { normaliseModel } from '../../main/engine/graph/normalise.ts';
import { readModelFile } from '../../main/engine/graph/read.ts';
import { createTensor, elementCount } from '../../main/engine/graph/tensors.ts';
import type { Model, Tensor } from '../../main/engine/graph/types.ts';
import { distanceBetween, lengthOf, lossAndGradients } from '../support/backward.ts';
import type { PassOptions } from '../support/backward.ts';
import { describeOnWebGpu } from '../support/webgpu.ts';

/** What make_gradients.py writes. */
interface Fixtures {
  images: number[];
  targets: number[];
  networks: Fixture[];
}

interface Fixture {
  name: string;
  model: string;
  batchStatistics: boolean;
  loss: number;
  gradients: Record<string, number[]>;
  statistics?: Record<string, number[]>;
}

const fixture = (name: string): URL => new URL(`../fixtures/gradients/${name}`, import.meta.url);
const fixtures = JSON.parse(await readFile(fixture('networks.json'), 'utf8')) as Fixtures;

/** The tensors that lie in a file one after the other, by name. */
async function readTensors(file: string, shapes: Record<string, number[]>): Promise<Map<string, Tensor>> {
  const bytes = await readFile(fixture(file));
  const values = new Float32Array(Uint8Array.from(bytes).buffer);
  const tensors = new Map<string, Tensor>();
  let from = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const to = from + elementCount(shape);
    tensors.set(name, createTensor('float32', shape, values.subarray(from, to)));
    from = to;
  }
  expect(from).toBe(values.length);
  return tensors;
}

/** PyTorch's name of a parameter, and where it is in the normalised graph. */
interface Place {
  readonly name: string;
  readonly isTransposed: boolean;
}

/**
 * Finds a parameter in the normalised graph: by its name, or, where PyTorch wrote a Transpose behind it that was computed at
 * import, by its values.
 */
function findParameter(name: string, read: Model, normalised: Model): Place {
  if (normalised.graph.initializers.has(name)) return { name, isTransposed: false };
  const flipped = transposed(read.graph.initializers.get(name)!);
  const found = [...normalised.graph.initializers].filter(
    ([, { shape, data }]) =>
      shape.join() === flipped.shape.join() &&
      distanceBetween(data as Float32Array, flipped.data as Float32Array) === 0,
  );
  expect(found, `what became of ${name}`).toHaveLength(1);
  return { name: found[0][0], isTransposed: true };
}

const numbersIn = ({ data }: Tensor): Float32Array => data as Float32Array;

function transposed({ shape: [rows, columns], data }: Tensor): Tensor {
  const values = Array.from({ length: rows * columns }, (_, i) =>
    Number(data[(i % rows) * columns + Math.floor(i / rows)]),
  );
  return createTensor('float32', [columns, rows], values);
}

/** Relative errors stay near 1e-6; a wrong rule is off by far more. */
const tolerance = 1e-5;

/** The loss of a network, its gradients by the input and every parameter, and statistics are those that PyTorch gave. */
async function expectSameAsPyTorch(network: Fixture, options: PassOptions = {}): Promise<void> {
  const { name, model: file, loss, gradients, statistics = {} } = network;
  const images = (await readTensors('images.bin', { images: fixtures.images })).get('images')!;
  const expected = await readTensors(`${name}.bin`, { ...gradients, ...statistics });
  const read = await readModelFile(fileURLToPath(fixture(file)));
  const { model } = normaliseModel(read, { inputShape: fixtures.images.slice(1) });
  const parameters = Object.keys(gradients).filter((parameter) => parameter !== 'input');
  const places = new Map(parameters.map((parameter) => [parameter, findParameter(parameter, read, model)]));
  const inGraph = [...places.values()].map((place) => place.name);
  const found = await lossAndGradients(model, images, fixtures.targets, inGraph, options);
  expect(Math.abs(found.loss - loss) / loss).toBeLessThan(tolerance);
  expect([...found.statistics.keys()].sort()).toEqual(Object.keys(statistics).sort());
  const values = new Map([...found.gradients, ...found.statistics]);
  const largest = Math.max(...Object.keys(gradients).map((parameter) => lengthOf(numbersIn(expected.get(parameter)!))));
  for (const [parameter, wanted] of expected) {
    const { name: place, isTransposed } = places.get(parameter) ?? { name: parameter, isTransposed: false };
    const value = isTransposed ? transposed(values.get(place)!) : values.get(place)!;
    expect([...value.shape], parameter).toEqual([...wanted.shape]);
    // A gradient that is nothing but rounding, as that by an offset which normalisation takes away again, is compared with the others.
    const distance =
      distanceBetween(numbersIn(value), numbersIn(wanted)) / Math.max(lengthOf(numbersIn(wanted)), 1e-2 * largest);
    expect(distance, `the gradient by ${parameter}`).toBeLessThan(tolerance);
  }
}

const plain = fixtures.networks.filter((network) => !network.batchStatistics);
const followingBatches = fixtures.networks.filter((network) => network.batchStatistics);

describe('the same loss and gradients as PyTorch', () => {
  for (const network of plain) test(network.name, () => expectSameAsPyTorch(network));
});

describe('the same as PyTorch as a run trains it on the CPU: frozen normalisation within convolutions, blocked layout', () => {
  for (const network of plain) test(network.name, () => expectSameAsPyTorch(network, { normalisation: 'running' }));
});

describe('the same loss, gradients and running statistics as PyTorch with the statistics of the batch', () => {
  for (const network of followingBatches)
    test(network.name, () => expectSameAsPyTorch(network, { normalisation: 'batch' }));
});

/** Two, since the software driver takes its time. */
const onWebGpu = ['mobilenet3', 'vision-transformer'];

describeOnWebGpu('the same loss and gradients as PyTorch, on WebGPU', () => {
  for (const network of plain.filter(({ name }) => onWebGpu.includes(name)))
    test(network.name, () => expectSameAsPyTorch(network, { device: 'webgpu' }));
});
