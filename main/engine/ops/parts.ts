import { intOf, stringOf } from '../graph/attributes.ts';
import { allNumbers, quotient } from '../graph/dimensions.ts';
import { createData, elementCount } from '../graph/tensors.ts';
import type { DataType, Dimension } from '../graph/types.ts';
import { MANY } from './operator.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import { elementsOf, indexer, picked, stridesOf, valueOfElements, valueOfTensor } from './value.ts';
import type { Value } from './value.ts';

/** A part of a value: `starts[axis] + i × steps[axis]` along each axis. */
function part(value: Value, shape: readonly Dimension[], starts: readonly number[], steps: readonly number[]): Value {
  const from = allNumbers(value.shape);
  const to = allNumbers(shape);
  if (!from || !to) return { type: value.type, shape };
  const strides = stridesOf(from);
  const offset = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  return picked(
    value,
    shape,
    indexer(
      to,
      strides.map((stride, axis) => stride * steps[axis]),
      offset,
    ),
  );
}

/** The inputs joined along an axis, where all are known. */
function joined(type: DataType, inputs: readonly Value[], shape: readonly Dimension[], axis: number): Value {
  const numbers = allNumbers(shape);
  if (!numbers) return { type, shape };
  const outer = elementCount(numbers.slice(0, axis));
  const chunks = inputs.map((input) => elementCount(allNumbers(input.shape)!) / Math.max(1, outer));
  if (inputs.every((input) => input.constant)) {
    const data = createData(type, elementCount(numbers));
    let at = 0;
    for (let row = 0; row < outer; row++)
      inputs.forEach((input, i) => {
        const from = input.constant!.data.subarray(row * chunks[i], (row + 1) * chunks[i]);
        (data as Float32Array).set(from as Float32Array, at);
        at += chunks[i];
      });
    return valueOfTensor({ type, shape: numbers, data });
  }
  const lists = inputs.map(elementsOf);
  if (numbers.length > 1 || lists.includes(undefined)) return { type, shape };
  return valueOfElements(
    type,
    numbers,
    lists.flatMap((list) => list ?? []),
  );
}

/** The sizes of the parts of a Split. */
export function splitSizes(context: NodeContext, axis: number): readonly Dimension[] {
  const size = context.shape(0)[axis];
  const count = context.node.outputs.length;
  const given = context.numbers(1, 'sizes');
  if (given) {
    const sum = given.reduce((total, length) => total + length, 0);
    if (given.length !== count || sum !== size) context.fail(`parts of ${given.join(', ')} do not add up to ${size}`);
    return given;
  }
  if (typeof size === 'string') {
    const each = quotient(size, count) ?? context.fail(`axis ${axis} cannot be split into ${count} equal parts`);
    return new Array<Dimension>(count).fill(each);
  }
  // Equal parts, the last one smaller where it does not come out even.
  const each = Math.ceil(size / intOf(context.node, 'num_outputs', count));
  const parts = Array.from({ length: count }, (_, i) => Math.min(each, size - i * each));
  if (parts.some((length) => length < 1)) context.fail(`axis ${axis} cannot be split into ${count} parts`);
  return parts;
}

/** What a Slice takes of its input. */
export interface Sliced {
  readonly shape: readonly Dimension[];
  /** Along each axis: the first position, and the distance from one to the next. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
}

export function sliced(context: NodeContext): Sliced {
  const input = context.input(0);
  const rank = input.shape.length;
  const starts = context.numbers(1, 'starts') ?? [];
  const ends = context.input(2);
  const axes = context.numbers(3, 'axes') ?? starts.map((_, i) => i);
  const steps = context.numbers(4, 'steps') ?? starts.map(() => 1);
  const endElements = elementsOf(ends) ?? context.fail('its ends must be constant, but are computed from the data');
  const shape = [...input.shape];
  const begin = new Array<number>(rank).fill(0);
  const stride = new Array<number>(rank).fill(1);
  axes.forEach((given, i) => {
    const axis = context.axis(given, rank);
    const size = input.shape[axis];
    const step = steps[i];
    const end = endElements[i];
    if (step === 0) context.fail('a step must not be 0');
    if (typeof size === 'string' || typeof end === 'string') {
      const whole = starts[i] === 0 && step === 1 && (end === size || (typeof end === 'number' && end >= 2 ** 31 - 1));
      if (!whole) context.fail(`axis ${axis} cannot be sliced: its size is known only when the network runs`);
      return;
    }
    const clamp = (position: number, low: number, high: number): number =>
      Math.min(Math.max(position < 0 ? position + size : position, low), high);
    const first = step > 0 ? clamp(starts[i], 0, size) : clamp(starts[i], 0, size - 1);
    const last = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    begin[axis] = first;
    stride[axis] = step;
    shape[axis] = Math.max(0, Math.ceil((last - first) / step));
  });
  return { shape, starts: begin, steps: stride };
}

/** The axis of a Gather, and the positions along it that it takes, in row-major order of the indices; undefined where these are not constant. */
export function gathered(context: NodeContext): { axis: number; positions: readonly number[] | undefined } {
  const { shape } = context.input(0);
  const axis = context.axis(intOf(context.node, 'axis', 0), shape.length);
  const size = shape[axis];
  const indices = context.input(1);
  const chosen = indices.constant && elementsOf(indices);
  if (!chosen || typeof size === 'string') return { axis, positions: undefined };
  const positions = chosen.map((index) => {
    const position = Number(index) < 0 ? Number(index) + size : Number(index);
    return position >= 0 && position < size ? position : context.fail(`there is no position ${index}`);
  });
  return { axis, positions };
}

function gather(context: NodeContext): Value {
  const input = context.input(0);
  const indices = context.input(1);
  const { axis, positions } = gathered(context);
  const shape = [...input.shape.slice(0, axis), ...indices.shape, ...input.shape.slice(axis + 1)];
  const from = allNumbers(input.shape);
  const to = allNumbers(shape);
  if (!from || !to || !positions) return { type: input.type, shape };
  const inner = elementCount(from.slice(axis + 1));
  return picked(input, shape, (i) => {
    const row = Math.floor(i / inner);
    const outer = Math.floor(row / positions.length);
    return (outer * from[axis] + positions[row % positions.length]) * inner + (i % inner);
  });
}

/** The pads of a Pad for all axes: begins, then ends. */
export function padsOf(context: NodeContext): { begins: readonly number[]; ends: readonly number[] } {
  const rank = context.shape(0).length;
  const pads = context.numbers(1, 'pads') ?? [];
  const axes = context.numbers(3, 'axes')?.map((axis) => context.axis(axis, rank));
  const touched = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  if (pads.length !== 2 * touched.length) context.fail(`${pads.length} pads do not fit its axes`);
  const begins = new Array<number>(rank).fill(0);
  const ends = new Array<number>(rank).fill(0);
  touched.forEach((axis, i) => {
    begins[axis] = pads[i];
    ends[axis] = pads[i + touched.length];
  });
  return { begins, ends };
}

/** Operators that put tensors together and take them apart. */
export const parts = {
  Concat: {
    inputs: [1, MANY],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer(context) {
      const inputs = context.inputs.map((_, index) => context.input(index));
      const type = context.commonType();
      const first = inputs[0].shape;
      const axis = context.axis(intOf(context.node, 'axis') ?? context.fail('it has no axis'), first.length);
      for (const { shape } of inputs)
        if (shape.length !== first.length || shape.some((dimension, i) => i !== axis && dimension !== first[i]))
          context.fail(`its inputs differ elsewhere than along axis ${axis}`);
      const lengths = inputs.map(({ shape }) => shape[axis]);
      const numbers = inputs.length === 1 ? lengths : allNumbers(lengths);
      if (!numbers) context.fail('it joins along the batch');
      const total = inputs.length === 1 ? lengths[0] : (numbers as number[]).reduce((sum, length) => sum + length, 0);
      const shape = first.map((dimension, i) => (i === axis ? total : dimension));
      return [joined(type, inputs, shape, axis)];
    },
  },
  Split: {
    inputs: [1, 2],
    outputs: [1, MANY],
    attributes: { axis: 'int', num_outputs: 'int' },
    infer(context) {
      const input = context.input(0);
      const axis = context.axis(intOf(context.node, 'axis', 0), input.shape.length);
      const steps = input.shape.map(() => 1);
      let start = 0;
      return splitSizes(context, axis).map((size) => {
        const shape = input.shape.map((dimension, i) => (i === axis ? size : dimension));
        const starts = input.shape.map((_, i) => (i === axis ? start : 0));
        if (typeof size === 'number') start += size;
        return part(input, shape, starts, steps);
      });
    },
  },
  Slice: {
    inputs: [3, 5],
    outputs: [1, 1],
    attributes: {},
    infer(context) {
      const { shape, starts, steps } = sliced(context);
      return [part(context.input(0), shape, starts, steps)];
    },
  },
  Gather: {
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { axis: 'int' },
    infer: (context) => [gather(context)],
  },
  Pad: {
    inputs: [2, 4],
    outputs: [1, 1],
    attributes: { mode: 'string' },
    infer(context) {
      const { type, shape } = context.input(0);
      const { begins, ends } = padsOf(context);
      const mode = stringOf(context.node, 'mode', 'constant');
      if (!['constant', 'reflect', 'edge'].includes(mode)) context.fail(`mode ${mode} is not known`);
      const padded = shape.map((size, axis) => {
        const added = begins[axis] + ends[axis];
        if (added === 0 && begins[axis] === 0) return size;
        if (typeof size === 'string') return context.fail('it pads the batch');
        if (mode === 'reflect' && Math.max(begins[axis], ends[axis]) >= size)
          context.fail(`axis ${axis} is too short to be padded by reflection`);
        return size + added >= 0 ? size + added : context.fail('its negative pads take away more than there is');
      });
      return [{ type, shape: padded }];
    },
  },
} satisfies OperatorTable;
