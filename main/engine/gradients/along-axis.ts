import { int } from '../graph/attributes.ts';
import { createTensor, elementCount, int64s } from '../graph/tensors.ts';
import { gemm, matmul, operation, pad, reshape, slice } from './expressions.ts';
import type { Expression } from './expressions.ts';

/*
 * Operators that take elements along an axis, or mix them: y[…, i, …] = Σ_j m[i, j] · x[…, j, …]. Their gradients, from that by y
 * to that by x.
 */

/** A matrix of more elements is not built. */
const LARGEST_MATRIX = 2 ** 24;

/**
 * For any m.
 *
 * @param dims the shape of y
 * @param rows of m: one for each position of y, as long as the axis of x is
 * @returns undefined when m is too large
 */
export function mixedBack(
  dy: Expression,
  dims: readonly number[],
  axis: number,
  rows: readonly (readonly number[])[],
): Expression | undefined {
  const size = rows[0].length;
  if (rows.length * size > LARGEST_MATRIX) return undefined;
  const shape = dims.with(axis, size);
  const outer = elementCount(dims.slice(0, axis));
  const inner = elementCount(dims.slice(axis + 1));
  const matrix = createTensor('float32', [rows.length, size], rows.flat());
  if (inner === 1) return reshape(gemm(reshape(dy, [outer, rows.length]), matrix), shape);
  const across = createTensor(
    'float32',
    [size, rows.length],
    Array.from({ length: size }, (_, j) => rows.map((row) => row[j])).flat(),
  );
  return reshape(matmul(across, reshape(dy, [outer, rows.length, inner])), shape);
}

/**
 * For y[i] = x[positions[i]].
 *
 * @param dims the shape of y
 * @param size how long the axis of x is
 * @returns undefined when there are too many positions
 */
export function takenBack(
  dy: Expression,
  dims: readonly number[],
  axis: number,
  positions: readonly number[],
  size: number,
): Expression | undefined {
  const zeros = dims.map(() => 0);
  const step = positions.length > 1 ? positions[1] - positions[0] : 1;
  if (step !== 0 && positions.every((position, i) => position === positions[0] + i * step))
    return stridedBack(
      dy,
      dims,
      dims.with(axis, size),
      zeros.with(axis, positions[0]),
      zeros.map((_, at) => (at === axis ? step : 1)),
    );
  if (new Set(positions).size < positions.length)
    return mixedBack(
      dy,
      dims,
      axis,
      positions.map((position) => Array.from({ length: size }, (_, j) => Number(j === position))),
    );
  // Each element of x was taken once or not at all: it takes its gradient, or a zero put behind.
  const sources = Array.from({ length: size }, (_, j) => positions.indexOf(j));
  const all = positions.length === size;
  const padded = all ? dy : pad(dy, [...zeros, ...zeros.with(axis, 1)]);
  const indices = int64s(sources.map((source) => (source < 0 ? positions.length : source)));
  return operation('Gather', [padded, indices], { axis: int(axis) });
}

/**
 * For y[i, j, …] = x[start + i · step, start + j · step, …], a number of each for every axis. What y took from beyond x is left out.
 *
 * @param dims the shape of y
 * @param sizes the shape of x
 */
export function stridedBack(
  dy: Expression,
  dims: readonly number[],
  sizes: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): Expression {
  const backwards = axesWhere(steps, (step) => step < 0);
  const forwards = turned(dy, dims, backwards);
  const firsts = starts.map((start, axis) => (steps[axis] < 0 ? start + (dims[axis] - 1) * steps[axis] : start));
  const distances = steps.map(Math.abs);
  const apart = spaced(forwards, dims, distances);
  const lengths = dims.map((count, axis) => count * distances[axis]);
  const from = firsts.map((first) => Math.max(0, -first));
  const to = lengths.map((length, axis) => Math.min(length, sizes[axis] - firsts[axis]));
  const cut = axesWhere(lengths, (length, axis) => from[axis] > 0 || to[axis] < length);
  const pick = (values: readonly number[]): number[] => cut.map((axis) => values[axis]);
  const kept = cut.length === 0 ? apart : slice(apart, cut, pick(from), pick(to));
  const begins = firsts.map((first) => Math.max(0, first));
  return pad(kept, [...begins, ...sizes.map((size, axis) => size - begins[axis] - (to[axis] - from[axis]))]);
}

function axesWhere(values: readonly number[], holds: (value: number, axis: number) => boolean): number[] {
  return values.flatMap((value, axis) => (holds(value, axis) ? [axis] : []));
}

/** Some axes in reverse. */
function turned(x: Expression, dims: readonly number[], axes: readonly number[]): Expression {
  const all = (value: number): number[] => axes.map(() => value);
  if (axes.length === 0) return x;
  return slice(
    x,
    axes,
    all(-1),
    axes.map((axis) => -dims[axis] - 1),
    all(-1),
  );
}

/** Zeros behind each element, so that it is `distances` from one to the next. */
function spaced(x: Expression, dims: readonly number[], distances: readonly number[]): Expression {
  if (distances.every((distance) => distance === 1)) return x;
  const split = reshape(
    x,
    dims.flatMap((count) => [count, 1]),
  );
  const zeros = pad(split, [...dims.flatMap(() => [0, 0]), ...distances.flatMap((distance) => [0, distance - 1])]);
  return reshape(
    zeros,
    dims.map((count, axis) => count * distances[axis]),
  );
}
