import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { elementCount, createTensor } from '../../main/engine/graph/tensors.ts';
import type { DataType, Model, Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { randomNumbers } from './networks.ts';

/** The path of one of the files that make_onnx.py makes. */
export function onnxFixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/onnx/${name}.onnx`, import.meta.url));
}

/** A tensor of random numbers in −2 to 2; whole ones for the types that are. */
export function randomTensor(shape: readonly number[], seed = 1, type: DataType = 'float32'): Tensor {
  const random = randomNumbers(seed);
  const values = Float64Array.from({ length: elementCount(shape) }, () => 2 * random());
  if (type === 'bool')
    return createTensor(
      type,
      shape,
      values.map((value) => Number(value > 0)),
    );
  return createTensor(type, shape, type === 'float32' ? values : values.map(Math.trunc));
}

/** Runs a network once with ONNX Runtime. */
export async function run(
  model: Model | string,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await createSession(typeof model === 'string' ? model : writeModel(model));
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** The tensors have one shape, and their values differ by no more than `tolerance` where they are of size one. */
export function expectClose(actual: Tensor, expected: Tensor, tolerance = 1e-5): void {
  expect([...actual.shape]).toEqual([...expected.shape]);
  let worst = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const a = Number(actual.data[i]);
    const b = Number(expected.data[i]);
    if (Object.is(a, b)) continue;
    worst = Math.max(worst, Number.isNaN(a - b) ? Infinity : Math.abs(a - b) / Math.max(1, Math.abs(b)));
  }
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** Items of a batch, one after the other; items may be taken more than once. */
export function itemsOf(batch: Tensor, items: readonly number[]): Tensor {
  const [, ...shape] = batch.shape;
  const size = elementCount(shape);
  const values = items.flatMap((item) => Array.from(batch.data.slice(item * size, (item + 1) * size), Number));
  return createTensor(batch.type, [items.length, ...shape], values);
}

/**
 * A normalised network gives what the network that it was made from gives; and it gives it for a larger batch too, to which the
 * first item is added once more.
 */
export async function expectSameOutput(
  original: Model | string,
  normalised: Model,
  input: Tensor,
  tolerance = 1e-5,
): Promise<void> {
  const { inputs, outputs } = normalised.graph;
  const count = input.shape[0];
  const items = Array.from({ length: count }, (_, i) => i);
  const expected = await run(original, { [inputs[0].name]: input });
  const more = await run(normalised, { [inputs[0].name]: itemsOf(input, [...items, 0]) });
  for (const { name } of outputs) {
    expectClose(itemsOf(more[name], items), expected[name], tolerance);
    expectClose(itemsOf(more[name], [count]), itemsOf(expected[name], [0]), tolerance);
  }
}
