import { int, intOf, stringOf } from '../graph/attributes.ts';
import { int64s } from '../graph/tensors.ts';
import { gathered, padsOf, sliced } from '../ops/parts.ts';
import type { parts } from '../ops/parts.ts';
import { stridedBack, takenBack } from './along-axis.ts';
import { concat, expand, number, outputsOf, reshape, slice } from './expressions.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';

const concatRule: GradientRule = (c) => {
  const axis = c.axis(intOf(c.node, 'axis', 0), c.outputDims().length);
  const sizes = c.inputs.map((_, index) => c.dims(index)[axis]);
  if (sizes.length === 1) return [c.dy];
  if (sizes.every((_, index) => c.wants(index)))
    return outputsOf('Split', [c.dy, int64s(sizes)], { axis: int(axis) }, sizes.length);
  let start = 0;
  return sizes.map((size, index) => {
    start += size;
    return c.wants(index) ? slice(c.dy, [axis], [start - size], [start]) : undefined;
  });
};

/** The gradients by the parts, one after the other: zeros for parts that the loss does not depend on. */
const splitRule: GradientRule = (c) => {
  const axis = c.axis(intOf(c.node, 'axis', 0), c.dims(0).length);
  return [
    concat(
      c.gradients.map((gradient, index) => gradient ?? expand(number(0), c.outputDims(index))),
      axis,
    ),
  ];
};

const isEmpty = (c: GradientContext): boolean => c.outputDims().includes(0);

const sliceRule: GradientRule = (c) => {
  const { starts, steps } = sliced(c);
  return isEmpty(c) ? [] : [stridedBack(c.dy, c.outputDims(), c.dims(0), starts, steps)];
};

const gatherRule: GradientRule = (c) => {
  if (isEmpty(c)) return [];
  const { axis, positions } = gathered(c);
  if (!positions) return c.fail('which elements it takes must be constant, but is computed from the data');
  const from = c.dims(0);
  const taken = from.map((size, at) => (at === axis ? positions.length : size));
  return [takenBack(reshape(c.dy, taken), taken, axis, positions, from[axis]) ?? c.fail('it takes too many elements')];
};

/** Where each position of an axis comes from that is padded with what is in it. */
function sources(mode: string, begin: number, end: number, size: number): readonly number[] {
  return Array.from({ length: begin + size + end }, (_, i) => {
    const at = i - begin;
    if (at >= 0 && at < size) return at;
    if (mode === 'edge') return at < 0 ? 0 : size - 1;
    return at < 0 ? -at : 2 * (size - 1) - at;
  });
}

const padRule: GradientRule = (c) => {
  if (c.wants(2)) c.fail('the value that it pads with cannot be trained');
  if (isEmpty(c)) return [];
  const { begins, ends } = padsOf(c);
  const from = c.dims(0);
  const shape = [...c.outputDims()];
  const mode = stringOf(c.node, 'mode', 'constant');
  if (mode === 'constant') {
    const starts = begins.map((begin) => -begin);
    const steps = begins.map(() => 1);
    return [stridedBack(c.dy, shape, from, starts, steps)];
  }
  let gradient: Expression = c.dy;
  from.forEach((size, axis) => {
    if (begins[axis] === 0 && ends[axis] === 0) return;
    const positions = sources(mode, begins[axis], ends[axis], size);
    gradient = takenBack(gradient, shape, axis, positions, size) ?? c.fail('it pads too long an axis');
    shape[axis] = size;
  });
  return [gradient];
};

export const partsGradients: GradientsOf<typeof parts> = {
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  Gather: gatherRule,
  Pad: padRule,
};
