import { intOf, intsOf, stringOf } from '../graph/attributes.ts';
import type { NodeContext } from './operator.ts';

/** How a sliding window moves over the spatial axes, with every default and `auto_pad` resolved into numbers. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins of all axes, then ends of all axes. */
  readonly pads: readonly number[];
  /** Size of the output along each spatial axis. */
  readonly output: readonly number[];
}

export function spatialInts(context: NodeContext, name: string, count: number, otherwise: number): readonly number[] {
  const values = intsOf(context.node, name) ?? new Array<number>(count).fill(otherwise);
  if (values.length !== count) context.fail(`${name} must have ${count} values but has ${values.length}`);
  return values;
}

/** Splits what `SAME_UPPER` or `SAME_LOWER` adds in all along an axis into begin and end. */
export function splitPad(total: number, mode: string): [number, number] {
  const less = Math.floor(total / 2);
  return mode === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
}

/**
 * Resolves the window of a convolution or pooling.
 *
 * @param sizes the input's spatial sizes
 * @param kernel the kernel's
 * @throws EngineError when the kernel is larger than the padded input
 */
export function resolveWindow(context: NodeContext, sizes: readonly number[], kernel: readonly number[]): Window {
  const { node } = context;
  const rank = sizes.length;
  const strides = spatialInts(context, 'strides', rank, 1);
  const dilations = spatialInts(context, 'dilations', rank, 1);
  const autoPad = stringOf(node, 'auto_pad', 'NOTSET');
  const ceil = intOf(node, 'ceil_mode', 0) !== 0;
  if ([...kernel, ...strides, ...dilations].some((value) => value < 1))
    context.fail('kernel, strides and dilations must be at least 1');
  const explicit = autoPad === 'NOTSET' ? spatialInts(context, 'pads', 2 * rank, 0) : undefined;
  const pads = new Array<number>(2 * rank).fill(0);
  const output = sizes.map((size, axis) => {
    const extent = (kernel[axis] - 1) * dilations[axis] + 1;
    const stride = strides[axis];
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      const out = Math.ceil(size / stride);
      [pads[axis], pads[axis + rank]] = splitPad(Math.max(0, (out - 1) * stride + extent - size), autoPad);
      return out;
    }
    if (explicit) [pads[axis], pads[axis + rank]] = [explicit[axis], explicit[axis + rank]];
    else if (autoPad !== 'VALID') context.fail(`auto_pad ${autoPad} is not known`);
    const padded = size + pads[axis] + pads[axis + rank];
    if (padded < extent) {
      const what = dilations[axis] === 1 ? '' : ', dilation counted,';
      context.fail(`the kernel takes ${extent} pixels along an axis${what} but the padded input has only ${padded}`);
    }
    const steps = (padded - extent) / stride;
    if (!ceil) return Math.floor(steps) + 1;
    const out = Math.ceil(steps) + 1;
    // The last window must start inside the image or the padding before it, not in the padding behind.
    return (out - 1) * stride >= size + pads[axis] ? out - 1 : out;
  });
  return { kernel, strides, dilations, pads, output };
}
