import { expect } from 'vitest';
import { int } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { allNumbers } from '../../main/engine/graph/dimensions.ts';
import { forWebGpu } from '../../main/engine/graph/for-webgpu.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { createTensor, elementCount, formatShape, isFloat } from '../../main/engine/graph/tensors.ts';
import type { Attribute, Model, Tensor } from '../../main/engine/graph/types.ts';
import { writeModel } from '../../main/engine/graph/write.ts';
import { addGradients } from '../../main/engine/gradients/walk.ts';
import type { OperatorName } from '../../main/engine/ops/table.ts';
import type { Device, Session } from '../../main/engine/runtime/session.ts';
import { createSession } from '../../main/engine/runtime/session.ts';
import { randomTensor } from './graphs.ts';
import { randomNumbers } from './networks.ts';

/** An input that is differentiated at given values. */
export interface Variable {
  readonly variable: Tensor<'float32'>;
}

/** A node whose gradient is checked. */
export interface GradientCase {
  readonly op: OperatorName;
  /**
   * A shape: differentiated at random values in −2 to 2; `{ variable }`: differentiated there; a tensor: a constant; undefined: left out.
   */
  readonly inputs: readonly (readonly number[] | Variable | Tensor | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** How many outputs the node has: 1 when absent. */
  readonly outputs?: number;
  /** The outputs that the loss depends on: all that are floating point when absent. */
  readonly loss?: readonly number[];
  /** Where the operator is not smooth: values are moved away from there. */
  readonly kinks?: readonly number[];
  /** The loss is the sum of the outputs; a random projection of them when absent. */
  readonly plainSum?: boolean;
  /** Why ONNX Runtime does not run the operator itself there. */
  readonly notOnWebGpu?: string;
}

/** Distance between the points of the differences, which go two steps to either side. */
const STEP = 2 ** -5;
/** Central differences of fourth order: f′ ≈ Σ weight · f(x + at · step) / step. Rounding and the rest stay near 1e-5. */
const STENCIL = [
  { at: -2, weight: 1 / 12 },
  { at: -1, weight: -8 / 12 },
  { at: 1, weight: 8 / 12 },
  { at: 2, weight: -1 / 12 },
] as const;
/** Values are multiples of this. */
const GRAIN = 2 ** -12;
/** Values stay this far from the kinks. */
const CLEARANCE = 4 * STEP;

/** Variables of values in random order, all so far from each other that the differences do not change their order; 0 is not among them. */
export function apart(...shapes: readonly (readonly number[])[]): Variable[] {
  const counts = shapes.map(elementCount);
  const count = counts.reduce((sum, each) => sum + each, 0);
  const random = randomNumbers(count);
  const order = Array.from({ length: count }, (_, i) => ({ i, key: random() })).sort((a, b) => a.key - b.key);
  const values = order.map(({ i }) => (i - Math.floor(count / 2) + 0.5) * CLEARANCE);
  let start = 0;
  return shapes.map((shape, index) => {
    start += counts[index];
    return { variable: createTensor('float32', shape, values.slice(start - counts[index], start)) };
  });
}

/** Random values between two bounds. */
export function between(low: number, high: number, shape: readonly number[], seed = 1): Variable {
  const random = randomNumbers(seed);
  const values = Array.from({ length: elementCount(shape) }, () => low + ((random() + 1) / 2) * (high - low));
  return { variable: createTensor('float32', shape, values) };
}

/** `Add [2, 3], [3]`, for a table of tests. */
export function titleOf({ op, inputs, attributes = {} }: GradientCase): string {
  const shapes = inputs.map((input) => {
    if (!input) return 'none';
    if ('variable' in input) return formatShape(input.variable.shape);
    if (!('data' in input)) return formatShape(input);
    return input.data.length > 6 ? `constant ${formatShape(input.shape)}` : `constant (${input.data.join(' ')})`;
  });
  const settings = Object.entries(attributes).map(([name, { value }]) => `${name}=${JSON.stringify(value)}`);
  return [op, shapes.join(', '), ...settings].join(' ');
}

interface Built {
  readonly variables: readonly { readonly name: string; readonly value: Tensor<'float32'> }[];
  /** The outputs that the loss depends on, and how much. */
  readonly outputs: readonly { readonly name: string; readonly weight: string; readonly weights: Tensor }[];
  readonly gradients: readonly string[];
  /** Of the backward pass. */
  readonly operators: readonly string[];
}

/** The values, none of them near a kink, and such that a step away from them is exact in float32. */
function settled(value: Tensor, kinks: readonly number[]): Tensor<'float32'> {
  const values = Array.from(value.data, Number).map((x) => {
    const near = kinks.some((kink) => Math.abs(x - kink) < CLEARANCE);
    return Math.round((near ? x + 2 * CLEARANCE : x) / GRAIN) * GRAIN;
  });
  return createTensor('float32', value.shape, values);
}

function onesOf(shape: readonly number[]): Tensor {
  return createTensor('float32', shape, new Float32Array(elementCount(shape)).fill(1));
}

/** Adds the node of a case to the graph of both models: its loss is a random projection of its outputs. */
function addNode(builder: GraphBuilder, { op, inputs, attributes, outputs, kinks = [] }: GradientCase, at: number) {
  const variables: { name: string; value: Tensor<'float32'> }[] = [];
  const names = inputs.map((input, index) => {
    if (!input) return '';
    if ('data' in input) return builder.constant(input, `case${at}_constant${index}`);
    const value = settled('variable' in input ? input.variable : randomTensor(input, at + 7 * index + 1), kinks);
    const name = builder.input(`case${at}_x${index}`, 'float32', value.shape);
    variables.push({ name, value });
    return name;
  });
  const made = builder.addAll(op, names, attributes, {
    outputs: Array.from({ length: outputs ?? 1 }, (_, index) => `case${at}_y${index}`),
  });
  return { variables, made };
}

/** The nodes of all cases in one model, and the same with the backward pass of each. */
function build(cases: readonly GradientCase[]): { forward: Model; backward: Model; built: Built[] } {
  const alone = new GraphBuilder('forward');
  const both = new GraphBuilder('backward');
  const built = cases.map((each, at): Built => {
    addNode(alone, each, at);
    const { variables, made } = addNode(both, each, at);
    const values = inferShapes(both.build());
    const outputs = (each.loss ?? made.map((_, index) => index)).flatMap((index) => {
      const name = made[index];
      const { type, shape } = values.get(name)!;
      if (!isFloat(type)) return [];
      alone.output(name, type, shape);
      const sizes = allNumbers(shape)!;
      const weights = each.plainSum ? onesOf(sizes) : randomTensor(sizes, 1000 + at + index);
      return [{ name, weight: both.input(`case${at}_weight${index}`, 'float32', weights.shape), weights }];
    });
    const terms = outputs.map(({ name, weight }) =>
      both.add('ReduceSum', [both.add('Mul', [name, weight])], { keepdims: int(0) }),
    );
    const loss = terms.reduce((sum, term) => both.add('Add', [sum, term]));
    const forward = both.build();
    const by = variables.map(({ name }) => name);
    const found = addGradients(both, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
    const gradients = by.map((name) => found.get(name) ?? `no gradient by ${name}`);
    variables.forEach(({ value }, index) => both.output(gradients[index], 'float32', value.shape));
    const added = both.build().graph.nodes.slice(forward.graph.nodes.length);
    return { variables, outputs, gradients, operators: added.map(({ op }) => op) };
  });
  const models = { forward: alone.build(), backward: both.build() };
  for (const model of Object.values(models)) checkModel(model);
  inferShapes(models.backward);
  return { ...models, built };
}

/** Adds to each element of the flat list of a case's inputs in turn, all cases at once. */
async function differences(session: Session, built: readonly Built[]): Promise<Float64Array[][]> {
  const results = built.map(({ variables }) => variables.map(({ value }) => new Float64Array(value.data.length)));
  const places = built.map(({ variables }) =>
    variables.flatMap(({ value }, variable) => Array.from(value.data, (_, element) => ({ variable, element }))),
  );
  const steps = Math.max(...places.map((list) => list.length));
  for (let step = 0; step < steps; step++)
    for (const { at, weight } of STENCIL) {
      const feeds: Record<string, Tensor> = {};
      const moved = built.map(({ variables }, index) => {
        const place = places[index].at(step);
        variables.forEach(({ name, value }, variable) => {
          const data = Float32Array.from(value.data);
          if (place?.variable === variable) data[place.element] += at * STEP;
          feeds[name] = { type: 'float32', shape: value.shape, data };
        });
        return place;
      });
      const answers = await session.run(feeds);
      moved.forEach((place, index) => {
        if (!place) return;
        let loss = 0;
        for (const { name, weights } of built[index].outputs)
          for (let i = 0; i < weights.data.length; i++) loss += Number(answers[name].data[i]) * Number(weights.data[i]);
        results[index][place.variable][place.element] += (weight * loss) / STEP;
      });
    }
  return results;
}

/**
 * The engine's gradients of a random projection of each node's outputs, by each input that is differentiated. Many cases are computed
 * in one model, which is what a slow device wants.
 */
export async function gradientsOf(cases: readonly GradientCase[], device: Device = 'cpu'): Promise<Tensor[][]> {
  const { backward, built } = build(cases);
  const feeds = built.flatMap(({ variables, outputs }) => [
    ...variables.map(({ name, value }) => [name, value] as const),
    ...outputs.map(({ weight, weights }) => [weight, weights] as const),
  ]);
  const values = await within(backward, device, (session) => session.run(Object.fromEntries(feeds)));
  return built.map(({ gradients }) => gradients.map((name) => values[name]));
}

/** The operators that the backward passes of the nodes are made of. */
export function operatorsOf(cases: readonly GradientCase[]): Set<string> {
  return new Set(build(cases).built.flatMap(({ operators }) => operators));
}

/** What central differences of the nodes themselves say that the gradients are. */
export async function numericGradientsOf(
  cases: readonly GradientCase[],
  device: Device = 'cpu',
): Promise<Float64Array[][]> {
  const { forward, built } = build(cases);
  return within(forward, device, (session) => differences(session, built));
}

async function within<T>(model: Model, device: Device, use: (session: Session) => Promise<T>): Promise<T> {
  const suited = device === 'webgpu' ? forWebGpu(model) : model;
  const session = await createSession(writeModel(suited), { device, threads: 1 });
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

/** The difference of two gradients, each element's as a share of its own size or, where that is smaller, of the whole's (root mean square). */
export function differenceOf(gradient: ArrayLike<number>, expected: ArrayLike<number>): number {
  const size = Math.sqrt(Array.from(expected).reduce((sum, x) => sum + x * x, 0) / expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(gradient[i] - expected[i]) / Math.max(size, Math.abs(expected[i]));
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }
  return worst;
}

/**
 * The engine's gradient of a node is that of central differences, for every input.
 *
 * @param tolerance see differenceOf
 */
export async function expectGradient(each: GradientCase, tolerance = 1e-4): Promise<void> {
  const [gradients] = await gradientsOf([each]);
  const [expected] = await numericGradientsOf([each]);
  const variables = each.inputs.filter((input) => input && !('data' in input)) as (Variable | readonly number[])[];
  variables.forEach((variable, i) => {
    const { data, shape } = gradients[i] as Tensor<'float32'>;
    expect(shape).toEqual('variable' in variable ? variable.variable.shape : variable);
    expect(Math.hypot(...expected[i]), `what the loss depends on variable ${i}`).toBeGreaterThan(0);
    expect(differenceOf(data, expected[i]), `by variable ${i}: ${summary(data, expected[i])}`).toBeLessThan(tolerance);
  });
}

/** The first few elements of both. */
function summary(gradient: ArrayLike<number>, numeric: ArrayLike<number>): string {
  const show = (values: ArrayLike<number>): string =>
    Array.from(values)
      .slice(0, 12)
      .map((x) => x.toPrecision(4))
      .join(' ');
  return `${show(gradient)} is not ${show(numeric)}`;
}
