import { float, int, ints } from '../graph/attributes.ts';
import { codeOfType, createTensor, int64s, scalar } from '../graph/tensors.ts';
import type { Attribute, DataType, Tensor } from '../graph/types.ts';
import type { OperatorName } from '../ops/table.ts';

/**
 * What a rule answers with: a value of the graph by its name, a constant, or an operation on such. Nothing is added to any graph
 * until an expression is written (write.ts); one object that stands in several places is computed once.
 */
export type Expression = string | Tensor | Operation | OutputOf;

export interface Operation {
  readonly op: OperatorName;
  /** undefined where an optional input is left out. */
  readonly inputs: readonly (Expression | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: number;
}

/** One of the outputs of an operation that has several. */
export interface OutputOf {
  readonly operation: Operation;
  readonly output: number;
}

/** An operation of the standard operator set at OPSET, with one output. */
export function operation(
  op: OperatorName,
  inputs: readonly (Expression | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Operation {
  return { op, inputs, attributes, outputs: 1 };
}

/** The outputs of an operation that has several. */
export function outputsOf(
  op: OperatorName,
  inputs: readonly (Expression | undefined)[],
  attributes: Readonly<Record<string, Attribute>>,
  outputs: number,
): readonly OutputOf[] {
  const made = { op, inputs, attributes, outputs };
  return Array.from({ length: outputs }, (_, output) => ({ operation: made, output }));
}

export const add = (a: Expression, b: Expression): Operation => operation('Add', [a, b]);
export const sub = (a: Expression, b: Expression): Operation => operation('Sub', [a, b]);
export const mul = (a: Expression, b: Expression): Operation => operation('Mul', [a, b]);
export const div = (a: Expression, b: Expression): Operation => operation('Div', [a, b]);
export const neg = (a: Expression): Operation => operation('Neg', [a]);
export const sqrt = (a: Expression): Operation => operation('Sqrt', [a]);
export const matmul = (a: Expression, b: Expression): Operation => operation('MatMul', [a, b]);

/** A float32 scalar. */
export const number = (value: number): Tensor => scalar(value);

/** A float32 vector. */
export const vector = (values: readonly number[]): Tensor => createTensor('float32', [values.length], values);

export function reshape(a: Expression, shape: readonly number[]): Operation {
  return operation('Reshape', [a, int64s(shape)], { allowzero: int(1) });
}

export function transpose(a: Expression, perm: readonly number[]): Operation {
  return operation('Transpose', [a], { perm: ints(perm) });
}

export function cast(a: Expression, type: DataType): Operation {
  return operation('Cast', [a], { to: int(codeOfType(type)) });
}

export function expand(a: Expression, shape: readonly number[]): Operation {
  return operation('Expand', [a, int64s(shape)]);
}

/** Sums over some axes; the value itself where there are none. */
export function reduceSum(a: Expression, axes: readonly number[], keep: boolean): Expression {
  return axes.length === 0 ? a : operation('ReduceSum', [a, int64s(axes)], { keepdims: int(keep ? 1 : 0) });
}

export function concat(parts: readonly Expression[], axis: number): Expression {
  return parts.length === 1 ? parts[0] : operation('Concat', parts, { axis: int(axis) });
}

/** `a[starts[i] : ends[i] : steps[i]]` along `axes[i]`. */
export function slice(
  a: Expression,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Operation {
  return operation('Slice', [a, int64s(starts), int64s(ends), int64s(axes), int64s(steps)]);
}

/** The elements at some places of an axis, one after the other. */
export function gather(a: Expression, axis: number, places: readonly number[]): Operation {
  return operation('Gather', [a, int64s(places)], { axis: int(axis) });
}

/** Zeros around; `pads` are the begins of all axes, then the ends, none of them negative. */
export function pad(a: Expression, pads: readonly number[]): Expression {
  return pads.every((p) => p === 0) ? a : operation('Pad', [a, int64s(pads)]);
}

/** The product of a matrix product's kind that BLAS does in one call: `op(a) · op(b)`, [m, n]. */
export function gemm(a: Expression, b: Expression, options: { transA?: boolean; transB?: boolean } = {}): Operation {
  return operation('Gemm', [a, b], {
    transA: int(options.transA ? 1 : 0),
    transB: int(options.transB ? 1 : 0),
    alpha: float(1),
  });
}
