import { ints } from '../graph/attributes.ts';
import { int64s } from '../graph/tensors.ts';
import type { Activation, LayerScope } from './tfjs-scope.ts';

/** Keras flattens height, width, channels: what the next Dense layer's weights expect. */
export function flatten(scope: LayerScope, input: Activation): Activation {
  const count = elements(input.shape);
  if (input.shape.length === 1) return input;
  return { value: scope.emit('Flatten', [channelsLast(scope, input)]), shape: [count] };
}

export function reshape(scope: LayerScope, input: Activation): Activation {
  // TF.js writes null for the size that Keras writes -1 for: the one that follows from the others.
  const target = scope.config.list('target_shape').map((size) => (typeof size === 'number' ? size : -1));
  const count = elements(input.shape);
  const known = elements(target.filter((size) => size !== -1));
  const shape = target.map((size) => (size === -1 ? count / known : size));
  if (elements(shape) !== count || shape.some((size) => !Number.isInteger(size) || size < 1))
    scope.fail(`it cannot make [${target.join(', ')}] of the shape [${input.shape.join(', ')}]`);
  return withShape(scope, channelsLast(scope, input), shape);
}

/** Keras counts the dimensions from 1, the batch left out. */
export function permute(scope: LayerScope, input: Activation): Activation {
  const order = scope.config.numbers('dims');
  if (input.shape.length !== order.length || order.toSorted().some((axis, i) => axis !== i + 1))
    scope.fail(`[${order.join(', ')}] is no order of the axes of [${input.shape.join(', ')}]`);
  const shape = order.map((axis) => input.shape[axis - 1]);
  const value = scope.emit('Transpose', [channelsLast(scope, input)], { perm: ints([0, ...order]) });
  return channelsFirst(scope, value, shape);
}

export function zeroPadding2d(scope: LayerScope, input: Activation): Activation {
  const [height, width, channels] = scope.image(input);
  const [[top, bottom], [left, right]] = margins(scope, 'padding');
  const pads = scope.constant(int64s([0, 0, top, left, 0, 0, bottom, right]), 'pads');
  const value = scope.emit('Pad', [input.value, pads]);
  return { value, shape: [height + top + bottom, width + left + right, channels] };
}

export function cropping2d(scope: LayerScope, input: Activation): Activation {
  const [height, width, channels] = scope.image(input);
  const [[top, bottom], [left, right]] = margins(scope, 'cropping');
  const shape = [height - top - bottom, width - left - right, channels];
  if (shape[0] < 1 || shape[1] < 1) scope.fail(`it crops all of ${height} × ${width}`);
  const value = scope.emit('Slice', [
    input.value,
    scope.constant(int64s([top, left]), 'starts'),
    scope.constant(int64s([height - bottom, width - right]), 'ends'),
    scope.constant(int64s([2, 3]), 'axes'),
  ]);
  return { value, shape };
}

type Margins = readonly [readonly [number, number], readonly [number, number]];

/** One number for all sides, one for height and one for width, or ((top, bottom), (left, right)). */
function margins(scope: LayerScope, field: string): Margins {
  const raw = scope.config.raw(field) ?? 1;
  const both = Array.isArray(raw) ? (raw as unknown[]) : [raw, raw];
  const sides = both.map((side) => (Array.isArray(side) ? (side as unknown[]) : [side, side]));
  if (sides.length !== 2 || !sides.every((side) => side.length === 2 && side.every(isCount)))
    scope.fail(`field "${field}" must be whole numbers for top, bottom, left and right`);
  return sides as unknown as Margins;
}

const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The value in Keras' order; as it is where the order makes no difference. */
function channelsLast(scope: LayerScope, input: Activation): string {
  if (input.shape.length !== 3 || input.shape[0] * input.shape[1] === 1) return input.value;
  return scope.emit('Transpose', [input.value], { perm: ints([0, 2, 3, 1]) }, 'channels_last');
}

function channelsFirst(scope: LayerScope, value: string, shape: readonly number[]): Activation {
  if (shape.length !== 3) return { value, shape };
  return { value: scope.emit('Transpose', [value], { perm: ints([0, 3, 1, 2]) }, 'channels_first'), shape };
}

function withShape(scope: LayerScope, value: string, shape: readonly number[]): Activation {
  const single = shape.length === 3 && shape[0] * shape[1] === 1;
  const inGraph = single ? [shape[2], 1, 1] : shape;
  // 0 keeps the batch as it is.
  const reshaped = scope.emit('Reshape', [value, scope.constant(int64s([0, ...inGraph]), 'shape')]);
  return single ? { value: reshaped, shape } : channelsFirst(scope, reshaped, shape);
}
