import { createData, createTensor, elementCount } from '../graph/tensors.ts';
import { allNumbers } from '../graph/dimensions.ts';
import type { DataType, Dimension, Tensor } from '../graph/types.ts';

/** What is known of a value before the graph runs. */
export interface Value {
  readonly type: DataType;
  readonly shape: readonly Dimension[];
  /** The value itself, where it is a constant. */
  readonly constant?: Tensor;
  /**
   * The elements, row-major, of a small value of whole numbers in which some are names: what `Shape` gives for
   * `[N, 3, 224, 224]`. Never there together with `constant`.
   */
  readonly elements?: readonly Dimension[];
}

/** A computed constant may not take more elements than this: it would make the network's file large. */
const MAX_COMPUTED = 2 ** 20;

export function valueOfTensor(tensor: Tensor): Value {
  return { type: tensor.type, shape: tensor.shape, constant: tensor };
}

/** Reads the elements of a value that is known, or undefined. */
export function reader(value: Value): ((index: number) => Dimension) | undefined {
  const { constant, elements } = value;
  if (constant) return (index) => Number(constant.data[index]);
  if (elements) return (index) => elements[index];
  return undefined;
}

/** The elements of a small value that is known, or undefined. */
export function elementsOf(value: Value): Dimension[] | undefined {
  const read = reader(value);
  const shape = allNumbers(value.shape);
  if (!read || !shape) return undefined;
  return Array.from({ length: elementCount(shape) }, (_, i) => read(i));
}

/** The elements of a small value that is known and holds no names, or undefined. */
export function numbersOf(value: Value): readonly number[] | undefined {
  const elements = elementsOf(value);
  return elements && allNumbers(elements);
}

/** A value with known elements: a constant where all are numbers. */
export function valueOfElements(type: DataType, shape: readonly number[], elements: readonly Dimension[]): Value {
  const numbers = allNumbers(elements);
  if (numbers) return valueOfTensor(createTensor(type, shape, numbers));
  return { type, shape, elements };
}

/** The value with its elements in another shape of the same size. */
export function reshaped(value: Value, shape: readonly Dimension[]): Value {
  const { type, constant, elements } = value;
  const numbers = allNumbers(shape);
  if (constant && numbers) return valueOfTensor({ ...constant, shape: numbers });
  if (elements && numbers) return { type, shape, elements };
  return { type, shape };
}

/**
 * A value made of elements of another: element i is element `source(i)` of it. Known where the other is, unless it would be
 * both larger than it and too large to keep.
 */
export function picked(value: Value, shape: readonly Dimension[], source: (index: number) => number): Value {
  const { type, constant, elements } = value;
  const numbers = allNumbers(shape);
  if (!numbers || !(constant ?? elements)) return { type, shape };
  const count = elementCount(numbers);
  if (elements)
    return valueOfElements(
      type,
      numbers,
      Array.from({ length: count }, (_, i) => elements[source(i)]),
    );
  const from = constant!.data;
  if (count > Math.max(MAX_COMPUTED, from.length)) return { type, shape };
  const data = createData(type, count);
  for (let i = 0; i < count; i++) data[i] = from[source(i)];
  return valueOfTensor({ type, shape: numbers, data });
}

/**
 * A value computed element by element; known where all elements of the shape are.
 *
 * @param compute element `index`, or undefined where it cannot be known
 */
export function computed(
  type: DataType,
  shape: readonly Dimension[],
  compute: (index: number) => Dimension | undefined,
): Value {
  const numbers = allNumbers(shape);
  if (!numbers || elementCount(numbers) > MAX_COMPUTED) return { type, shape };
  const elements: Dimension[] = [];
  for (let i = 0, count = elementCount(numbers); i < count; i++) {
    const element = compute(i);
    if (element === undefined) return { type, shape };
    elements.push(element);
  }
  return valueOfElements(type, numbers, elements);
}

/** Distance in elements between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/**
 * Walks a row-major tensor: for the flat index of an element of `shape`, `offset + Σ position[axis] × step[axis]`.
 */
export function indexer(shape: readonly number[], steps: readonly number[], offset = 0): (index: number) => number {
  const strides = stridesOf(shape);
  return (index) => {
    let rest = index;
    let result = offset;
    for (let axis = 0; axis < shape.length; axis++) {
      const position = Math.floor(rest / strides[axis]);
      rest -= position * strides[axis];
      result += position * steps[axis];
    }
    return result;
  };
}
