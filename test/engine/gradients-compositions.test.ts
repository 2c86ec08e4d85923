import { describe, expect, test } from 'vitest';
import { addGradients } from '../../main/engine/gradients/walk.ts';
import { int, ints } from '../../main/engine/graph/attributes.ts';
import { GraphBuilder } from '../../main/engine/graph/builder.ts';
import { checkModel } from '../../main/engine/graph/check.ts';
import { inferShapes } from '../../main/engine/graph/shapes.ts';
import { createTensor, elementCount, int64s } from '../../main/engine/graph/tensors.ts';
import type { Attribute, Tensor } from '../../main/engine/graph/types.ts';
import { randomTensor, run } from '../support/graphs.ts';
import { randomNumbers } from '../support/networks.ts';
import { tf } from '../support/tfjs.ts';

type Shape = readonly number[];

/** A value of a random program: how ONNX and how TensorFlow.js compute it from earlier ones. */
interface Step {
  readonly inputs: readonly number[];
  readonly shape: Shape;
  readonly onnx: (builder: GraphBuilder, inputs: readonly string[]) => string;
  readonly tf: (...inputs: tf.Tensor[]) => tf.Tensor;
}

/** Random choices, the same for the same seed. */
class Choices {
  readonly #random: () => number;
  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(((this.#random() + 1) / 2) * (to - from + 1));
  }
  of<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)];
  }
  shuffled(count: number): number[] {
    const list = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.whole(0, i);
      [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
  }
}

const node =
  (op: string, attributes: Readonly<Record<string, Attribute>> = {}, ...lists: Shape[]): Step['onnx'] =>
  (builder, inputs) =>
    builder.add(op, [...inputs, ...lists.map((list) => builder.constant(int64s(list)))], attributes);

const unary: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  Tanh: tf.tanh,
  Sigmoid: tf.sigmoid,
  Relu: tf.relu,
  Abs: tf.abs,
  Neg: tf.neg,
  Sin: tf.sin,
  Cos: tf.cos,
  Softplus: tf.softplus,
  Erf: tf.erf,
  Elu: tf.elu,
  Identity: (x) => tf.mul(x, 1),
};

const binary: Readonly<Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor>> = {
  Add: tf.add,
  Sub: tf.sub,
  Mul: tf.mul,
  // TensorFlow.js' own gradient of these does not sum over what was broadcast.
  Max: (a, b) => tf.maximum(...alike(a, b)),
  Min: (a, b) => tf.minimum(...alike(a, b)),
};

const reductions: Readonly<Record<string, (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor>> = {
  ReduceSum: tf.sum,
  ReduceMean: tf.mean,
  ReduceMax: tf.max,
  ReduceMin: tf.min,
  ReduceLogSumExp: tf.logSumExp,
};

function alike(a: tf.Tensor, b: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const shape = [...broadcast(a.shape, b.shape)!];
  return [tf.broadcastTo(a, shape), tf.broadcastTo(b, shape)];
}

function broadcast(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, i: number): number => shape[i - (rank - shape.length)] ?? 1;
  const result = Array.from({ length: rank }, (_, i) => Math.max(at(a, i), at(b, i)));
  return [a, b].every((shape) => result.every((size, i) => [1, size].includes(at(shape, i)))) ? result : undefined;
}

/** One value and a choice of what to do with it. */
type Maker = (
  pick: Choices,
  at: number,
  shape: Shape,
  all: readonly Shape[],
) => (Omit<Step, 'inputs'> & { with?: number[] }) | undefined;

const makers: readonly Maker[] = [
  (pick, _, shape) => {
    const op = pick.of(Object.keys(unary));
    return { shape, onnx: node(op), tf: unary[op] };
  },
  (pick, at, shape, all) => {
    const op = pick.of(Object.keys(binary));
    const fitting = all.flatMap((other, i) => (i !== at && broadcast(shape, other) ? [i] : []));
    if (fitting.length === 0) return undefined;
    const other = pick.of(fitting);
    return { with: [other], shape: broadcast(shape, all[other])!, onnx: node(op), tf: binary[op] };
  },
  // A quotient whose divisor is positive.
  (pick, _, shape, all) => {
    const other = pick.whole(0, all.length - 1);
    const result = broadcast(shape, all[other]);
    if (!result) return undefined;
    return {
      with: [other],
      shape: result,
      onnx: (builder, [a, b]) => builder.add('Div', [a, builder.add('Exp', [builder.add('Tanh', [b])])]),
      tf: (a, b) => tf.div(a, tf.exp(tf.tanh(b))),
    };
  },
  // The product where one is larger, the one where not. TensorFlow.js has no gradient of a comparison, but one of a step.
  (pick, _, shape, all) => {
    const other = pick.whole(0, all.length - 1);
    const result = broadcast(shape, all[other]);
    if (!result) return undefined;
    return {
      with: [other],
      shape: result,
      onnx: (builder, [a, b]) => builder.add('Where', [builder.add('Greater', [a, b]), builder.add('Mul', [a, b]), a]),
      tf(a, b) {
        const larger = tf.step(tf.sub(a, b));
        return tf.add(tf.mul(larger, tf.mul(a, b)), tf.mul(tf.sub(1, larger), a));
      },
    };
  },
  (pick, at, shape, all) => {
    const rank = shape.length;
    if (rank < 2) return undefined;
    const fitting = all.flatMap((other, i) =>
      i !== at &&
      other.length === rank &&
      other[rank - 2] === shape[rank - 1] &&
      other.slice(0, -2).join() === shape.slice(0, -2).join()
        ? [i]
        : [],
    );
    const turned = [...shape.slice(0, -2), shape[rank - 2], shape[rank - 2]];
    const perm = [...shape.keys()].slice(0, -2).concat(rank - 1, rank - 2);
    if (fitting.length === 0)
      return {
        shape: turned,
        onnx: (builder, [a]) => builder.add('MatMul', [a, builder.add('Transpose', [a], { perm: ints(perm) })]),
        tf: (a) => tf.matMul(a, a, false, true),
      };
    const other = pick.of(fitting);
    return {
      with: [other],
      shape: [...shape.slice(0, -1), all[other][rank - 1]],
      onnx: node('MatMul'),
      tf: (a, b) => tf.matMul(a, b),
    };
  },
  (pick, _, shape) => {
    const perm = pick.shuffled(shape.length);
    return {
      shape: perm.map((axis) => shape[axis]),
      onnx: node('Transpose', { perm: ints(perm) }),
      tf: (x) => tf.transpose(x, perm),
    };
  },
  (pick, _, shape) => {
    const count = elementCount(shape);
    const rows = pick.of([1, 2, 3, 4, 6].filter((size) => count % size === 0));
    const target = pick.of([[rows, count / rows], [count], [1, count / rows, rows]]);
    return { shape: target, onnx: node('Reshape', {}, target), tf: (x) => tf.reshape(x, target) };
  },
  (pick, _, shape) => {
    const axis = pick.whole(0, shape.length - 1);
    const from = pick.whole(0, shape[axis] - 1);
    const to = pick.whole(from + 1, shape[axis]);
    const begin = shape.map((_size, i) => (i === axis ? from : 0));
    const size = shape.map((whole, i) => (i === axis ? to - from : whole));
    return { shape: size, onnx: node('Slice', {}, [from], [to], [axis]), tf: (x) => tf.slice(x, begin, size) };
  },
  // Backwards along an axis.
  (pick, _, shape) => {
    const axis = pick.whole(0, shape.length - 1);
    const onnx = node('Slice', {}, [-1], [-shape[axis] - 1], [axis], [-1]);
    return { shape, onnx, tf: (x) => tf.reverse(x, axis) };
  },
  (pick, _, shape) => {
    const pads = shape.map((): [number, number] => [pick.whole(0, 1), pick.whole(0, 1)]);
    const list = [...pads.map(([before]) => before), ...pads.map(([, after]) => after)];
    return {
      shape: shape.map((size, i) => size + pads[i][0] + pads[i][1]),
      onnx: node('Pad', {}, list),
      tf: (x) => tf.pad(x, pads),
    };
  },
  (pick, at, shape, all) => {
    const axis = pick.whole(0, shape.length - 1);
    const fitting = all.flatMap((other, i) =>
      other.length === shape.length && other.every((size, j) => j === axis || size === shape[j]) ? [i] : [],
    );
    const others = [pick.of(fitting), at];
    const total = shape[axis] * 2 + all[others[0]][axis];
    const result = shape.map((size, i) => (i === axis ? total : size));
    return {
      with: others,
      shape: result,
      onnx: node('Concat', { axis: int(axis) }),
      tf: (...parts) => tf.concat(parts, axis),
    };
  },
  // One part of a Split.
  (pick, _, shape) => {
    const axis = shape.findIndex((size) => size > 1);
    if (axis < 0) return undefined;
    const first = pick.whole(1, shape[axis] - 1);
    const sizes = [first, shape[axis] - first];
    const taken = pick.whole(0, 1);
    return {
      shape: shape.map((size, i) => (i === axis ? sizes[taken] : size)),
      onnx: (builder, [x]) =>
        builder.addAll('Split', [x, builder.constant(int64s(sizes))], { axis: int(axis) }, { outputs: 2 })[taken],
      tf: (x) => tf.split(x, sizes, axis)[taken],
    };
  },
  (pick, _, shape) => {
    const op = pick.of(Object.keys(reductions));
    const keep = pick.whole(0, 1) === 1;
    const axes = pick.shuffled(shape.length).slice(0, pick.whole(1, Math.max(1, shape.length - 1)));
    // Where several values are the largest, it is a matter of taste which of them gets the gradient: a ramp keeps them apart.
    const ramp = createTensor(
      'float32',
      shape,
      Array.from({ length: elementCount(shape) }, (_value, i) => i / 100),
    );
    const reduce = node(op, { keepdims: int(keep ? 1 : 0) }, axes);
    return {
      shape: keep
        ? shape.map((size, i) => (axes.includes(i) ? 1 : size))
        : shape.filter((_size, i) => !axes.includes(i)),
      onnx: (builder, [x]) => reduce(builder, [builder.add('Add', [x, builder.constant(ramp)])]),
      tf: (x) => reductions[op](tf.add(x, tf.tensor(ramp.data, [...shape])), axes, keep),
    };
  },
  (_pick, _, shape) => ({ shape, onnx: node('Softmax', { axis: int(-1) }), tf: (x) => tf.softmax(x) }),
  (_pick, _, shape) => ({ shape, onnx: node('LogSoftmax', { axis: int(-1) }), tf: (x) => tf.logSoftmax(x) }),
  (pick, _, shape) => {
    const axis = pick.whole(0, shape.length - 1);
    const indices = Array.from({ length: pick.whole(1, 4) }, () => pick.whole(0, shape[axis] - 1));
    const result = shape.map((size, i) => (i === axis ? indices.length : size));
    return {
      shape: result,
      onnx: node('Gather', { axis: int(axis) }, indices),
      tf: (x) => tf.gather(x, tf.tensor1d(indices, 'int32'), axis),
    };
  },
  (pick, _, shape) => {
    const repeats = shape.map(() => pick.whole(1, 2));
    return {
      shape: shape.map((size, i) => size * repeats[i]),
      onnx: node('Tile', {}, repeats),
      tf: (x) => tf.tile(x, repeats),
    };
  },
  (_pick, _, shape) => ({
    shape: [2, ...shape],
    onnx: node('Expand', {}, [2, ...shape]),
    tf: (x) => tf.broadcastTo(x, [2, ...shape]),
  }),
  (pick, _, shape) => {
    const axis = pick.whole(0, shape.length);
    return {
      shape: shape.toSpliced(axis, 0, 1),
      onnx: node('Unsqueeze', {}, [axis]),
      tf: (x) => tf.expandDims(x, axis),
    };
  },
];

/** Four inputs, and values made of them. */
function randomProgram(pick: Choices): { inputs: Shape[]; steps: Step[] } {
  const [a, b, c] = [pick.whole(1, 4), pick.whole(2, 5), pick.whole(2, 4)];
  const inputs: Shape[] = [[a, b], [b, c], [c], [2, a, b]];
  const shapes = [...inputs];
  const steps: Step[] = [];
  while (steps.length < 16) {
    const at = pick.whole(Math.max(0, shapes.length - 8), shapes.length - 1);
    if (shapes[at].length === 0) continue;
    const made = pick.of(makers)(pick, at, shapes[at], shapes);
    if (!made || made.shape.length > 4 || elementCount(made.shape) > 400) continue;
    steps.push({ ...made, inputs: [at, ...(made.with ?? [])] });
    shapes.push(made.shape);
  }
  return { inputs, steps };
}

/** By the engine: the gradients of the sum of the squared sines of all values that nothing takes. */
async function ours(inputs: readonly Tensor[], steps: readonly Step[]): Promise<(Tensor | undefined)[]> {
  const builder = new GraphBuilder();
  const names = inputs.map(({ shape }, i) => builder.input(`x${i}`, 'float32', shape));
  const by = [...names];
  for (const step of steps)
    names.push(
      step.onnx(
        builder,
        step.inputs.map((i) => names[i]),
      ),
    );
  const ends = endsOf(inputs.length, steps).map((i) => {
    const wave = builder.add('Sin', [names[i]]);
    return builder.add('ReduceSum', [builder.add('Mul', [wave, wave])], { keepdims: int(0) });
  });
  const loss = builder.add('Sum', ends);
  const forward = builder.build();
  const gradients = addGradients(builder, { nodes: forward.graph.nodes, values: inferShapes(forward), loss, by });
  for (const name of new Set(gradients.values())) builder.output(name, 'float32', []);
  const model = builder.build();
  checkModel(model);
  const results = await run(model, Object.fromEntries(by.map((name, i) => [name, inputs[i]])));
  return by.map((name) => (gradients.has(name) ? results[gradients.get(name)!] : undefined));
}

/** The same by TensorFlow.js. */
function theirs(inputs: readonly Tensor[], steps: readonly Step[]): tf.Tensor[] {
  const gradientsOf = tf.grads((...given: tf.Tensor[]) => {
    const values = [...given];
    for (const step of steps) values.push(step.tf(...step.inputs.map((i) => values[i])));
    const ends = endsOf(inputs.length, steps).map((i) => tf.sum(tf.square(tf.sin(values[i]))));
    // Every input takes part, as TensorFlow.js demands.
    return tf.addN([...ends, ...given.map((x) => tf.sum(tf.mul(x, 0)))]);
  });
  return gradientsOf(inputs.map(({ shape, data }) => tf.tensor(data as Float32Array, [...shape])));
}

function endsOf(inputs: number, steps: readonly Step[]): number[] {
  const taken = new Set(steps.flatMap((step) => step.inputs));
  return steps.flatMap((_, i) => (taken.has(inputs + i) ? [] : [inputs + i]));
}

describe('random compositions have the same gradients as in TensorFlow.js', () => {
  for (let seed = 1; seed <= 40; seed++)
    test(`number ${seed}`, async () => {
      const { inputs, steps } = randomProgram(new Choices(seed));
      const values = inputs.map((shape, i) => randomTensor(shape, 100 * seed + i));
      const expected = theirs(values, steps);
      const found = await ours(values, steps);
      const whole = Math.hypot(...expected.flatMap((gradient) => [...gradient.dataSync()]));
      expect(whole).toBeGreaterThan(0);
      expected.forEach((gradient, i) => {
        const wanted = gradient.dataSync<'float32'>();
        expect(found[i]?.shape ?? inputs[i]).toEqual(inputs[i]);
        const actual = (found[i]?.data ?? new Float32Array(wanted.length)) as Float32Array;
        const error = Math.hypot(...wanted.map((value, j) => value - actual[j]));
        expect(error / whole).toBeLessThan(1e-4);
      });
    });
});
