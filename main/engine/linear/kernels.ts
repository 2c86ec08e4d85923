import { int, ints } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { int64s } from '../graph/tensors.ts';
import type { Model, Tensor } from '../graph/types.ts';
import { writeModel } from '../graph/write.ts';
import { createSession } from '../runtime/session.ts';
import type { Matrix } from './standardise.ts';

/*
 * The large products of the linear solvers run on ONNX Runtime, far faster than loops in JavaScript would. In the shapes
 * below N is rows, D columns of codes, C classes, K vectors of a basis.
 */

/** A small graph, ready to run on float32 tensors. */
export interface Kernel {
  run(feeds: Readonly<Record<string, Tensor<'float32'>>>): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/**
 * A session for one of the graphs below.
 *
 * @param threads 1 where the products are so small that sharing them out costs more than it saves
 */
export async function createKernel(model: Model, threads?: number): Promise<Kernel> {
  const session = await createSession(writeModel(model), { sleepy: true, ...(threads ? { threads } : {}) });
  return {
    async run(feeds) {
      const outputs = await session.run(feeds);
      return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
    },
    release: () => session.release(),
  };
}

export function matrix(data: Float32Array, rows: number, columns: number): Tensor<'float32'> {
  return { type: 'float32', shape: [rows, columns], data };
}

export function vector(data: Float32Array): Tensor<'float32'> {
  return { type: 'float32', shape: [data.length], data };
}

/** A run of rows of a matrix, without a copy. */
export interface RowBlock {
  /** Index of its first row. */
  readonly first: number;
  readonly rows: number;
  readonly tensor: Tensor<'float32'>;
}

/** Elements of a block: small enough for the processor's caches and for a short call, large enough to keep it busy. */
const BLOCK_ELEMENTS = 1 << 20;

export function rowBlocks({ data, rows, columns }: Matrix, size = Math.ceil(BLOCK_ELEMENTS / columns)): RowBlock[] {
  const blocks: RowBlock[] = [];
  for (let first = 0; first < rows; first += size) {
    const count = Math.min(size, rows - first);
    const view = data.subarray(first * columns, (first + count) * columns);
    blocks.push({ first, rows: count, tensor: matrix(view, count, columns) });
  }
  return blocks;
}

/** `scores [N,C] = codes [N,D] · weights [C,D]ᵀ + bias [C]` */
export function scoresModel(): Model {
  const graph = new GraphBuilder('scores');
  const codes = graph.input('codes', 'float32', ['N', 'D']);
  const weights = graph.input('weights', 'float32', ['C', 'D']);
  const bias = graph.input('bias', 'float32', ['C']);
  graph.add('Gemm', [codes, weights, bias], { transB: int(1) }, { outputs: ['scores'] });
  graph.output('scores', 'float32', ['N', 'C']);
  return graph.build();
}

/**
 * Cross-entropy of softmax scores and its gradient, summed over rows. `targets [N,C]` holds a row's weight at its class
 * and 0 elsewhere. Outputs: `losses [N]` (summed by the caller, in double precision), `weightGradient [C,D]`,
 * `biasGradient [C]`, and `curvature [C]`, the sum of weight · p(1 − p).
 */
export function crossEntropyModel(): Model {
  const graph = new GraphBuilder('cross-entropy');
  const codes = graph.input('codes', 'float32', ['N', 'D']);
  const targets = graph.input('targets', 'float32', ['N', 'C']);
  const weights = graph.input('weights', 'float32', ['C', 'D']);
  const bias = graph.input('bias', 'float32', ['C']);
  const overRows = graph.constant(int64s([0]));
  const overClasses = graph.constant(int64s([1]));
  const scores = graph.add('Gemm', [codes, weights, bias], { transB: int(1) });
  const logarithms = graph.add('LogSoftmax', [scores], { axis: int(1) });
  const probabilities = graph.add('Exp', [logarithms]);
  const rowWeights = graph.add('ReduceSum', [targets, overClasses], { keepdims: int(1) });
  const expected = graph.add('Mul', [probabilities, rowWeights]);
  const residual = graph.add('Sub', [expected, targets]);
  const gained = graph.add('Mul', [targets, logarithms]);
  const gain = graph.add('ReduceSum', [gained, overClasses], { keepdims: int(0) });
  graph.add('Neg', [gain], {}, { outputs: ['losses'] });
  graph.add('Gemm', [residual, codes], { transA: int(1) }, { outputs: ['weightGradient'] });
  graph.add('ReduceSum', [residual, overRows], { keepdims: int(0) }, { outputs: ['biasGradient'] });
  const variance = graph.add('Sub', [expected, graph.add('Mul', [expected, probabilities])]);
  graph.add('ReduceSum', [variance, overRows], { keepdims: int(0) }, { outputs: ['curvature'] });
  graph.output('losses', 'float32', ['N']);
  graph.output('weightGradient', 'float32', ['C', 'D']);
  graph.output('biasGradient', 'float32', ['C']);
  graph.output('curvature', 'float32', ['C']);
  return graph.build();
}

/** `products [K,D] = vectors [K,D] · codesᵀ · codes [N,D]`: the vectors times the Gram matrix of the columns. */
export function gramModel(): Model {
  const graph = new GraphBuilder('gram');
  const codes = graph.input('codes', 'float32', ['N', 'D']);
  const vectors = graph.input('vectors', 'float32', ['K', 'D']);
  const projections = graph.add('Gemm', [vectors, codes], { transB: int(1) });
  graph.add('MatMul', [projections, codes], {}, { outputs: ['products'] });
  graph.output('products', 'float32', ['K', 'D']);
  return graph.build();
}

/** `result [C,D] = ((values [C,D] · basis [K,D]ᵀ) ∘ scale [C,K]) · basis` */
export function rescaleModel(): Model {
  const graph = new GraphBuilder('rescale');
  const values = graph.input('values', 'float32', ['C', 'D']);
  const basis = graph.input('basis', 'float32', ['K', 'D']);
  const scale = graph.input('scale', 'float32', ['C', 'K']);
  const coordinates = graph.add('Gemm', [values, basis], { transB: int(1) });
  graph.add('MatMul', [graph.add('Mul', [coordinates, scale]), basis], {}, { outputs: ['result'] });
  graph.output('result', 'float32', ['C', 'D']);
  return graph.build();
}

/** `products [M,M] = codes [M,D] · codesᵀ`: the Gram matrix of rows. */
export function rowGramModel(): Model {
  const graph = new GraphBuilder('row gram');
  const codes = graph.input('codes', 'float32', ['M', 'D']);
  graph.add('Gemm', [codes, codes], { transB: int(1) }, { outputs: ['products'] });
  graph.output('products', 'float32', ['M', 'M']);
  return graph.build();
}

/**
 * Adds rows to the weights, then scores other rows by them, in one call: `updated [C,D] = weights + change [C,M] · changed
 * [M,D]` and `scores [C,N] = updated · codes [N,D]ᵀ`.
 */
export function updateAndScoreModel(): Model {
  const graph = new GraphBuilder('update and score');
  const weights = graph.input('weights', 'float32', ['C', 'D']);
  const change = graph.input('change', 'float32', ['C', 'M']);
  const changed = graph.input('changed', 'float32', ['M', 'D']);
  const codes = graph.input('codes', 'float32', ['N', 'D']);
  const updated = graph.add('Gemm', [change, changed, weights], {}, { outputs: ['updated'] });
  const scores = graph.add('Gemm', [codes, updated], { transB: int(1) });
  graph.add('Transpose', [scores], { perm: ints([1, 0]) }, { outputs: ['scores'] });
  graph.output('updated', 'float32', ['C', 'D']);
  graph.output('scores', 'float32', ['C', 'N']);
  return graph.build();
}
