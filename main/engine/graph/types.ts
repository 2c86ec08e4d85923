/**
 * An ONNX graph in memory. Values are named; nodes are kept in topological order; a pass returns a new graph and leaves
 * the one it was given as it was. Tensor data is shared between graphs and never written to.
 */

export interface TypedArrays {
  float32: Float32Array;
  float64: Float64Array;
  /** Stored as 16-bit patterns: widened to float32 on import (see float16.ts). */
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint64: BigUint64Array;
  uint32: Uint32Array;
  uint16: Uint16Array;
  uint8: Uint8Array;
  /** One byte each, 0 or 1. */
  bool: Uint8Array;
}

export type DataType = keyof TypedArrays;

/** A dense tensor, row-major. `shape` is empty for a scalar. */
export interface Tensor<T extends DataType = DataType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: TypedArrays[T];
}

/** An attribute with its ONNX kind: an int and a float of the same value are different things. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

export interface Node {
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly name: string;
  /** An empty string is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A dimension: a number, or the name of one that is only known when the graph runs (the batch, mostly). */
export type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly Dimension[];
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

export interface Model {
  readonly graph: Graph;
  /** Version of the standard operator set. */
  readonly opset: number;
  readonly producer: string;
  /** `metadata_props` of the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The operator set that every imported network is lifted to, and that every graph of ours is written in. */
export const OPSET = 18;
