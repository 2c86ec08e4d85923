import { floatOf, intOf, intsOf, stringOf } from '../graph/attributes.ts';
import type { resize } from '../ops/resize.ts';
import { mixedBack, takenBack } from './along-axis.ts';
import type { Expression } from './expressions.ts';
import type { GradientContext, GradientRule, GradientsOf } from './rule.ts';

/** An axis that is resized. */
interface Resized {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

const f32 = Math.fround;

/** Where a position lies in the input, computed in float32 as ONNX Runtime does, which decides about ties. */
function original(c: GradientContext, { from, to, scale }: Resized, at: number): number {
  const mode = stringOf(c.node, 'coordinate_transformation_mode', 'half_pixel');
  const halfPixel = (): number => f32(f32((at + 0.5) / f32(scale)) - 0.5);
  switch (mode) {
    case 'half_pixel':
      return halfPixel();
    case 'half_pixel_symmetric': {
      const adjustment = f32(to / f32(from * scale));
      return f32(f32((from / 2) * (1 - adjustment)) + halfPixel());
    }
    case 'pytorch_half_pixel':
      return to > 1 ? halfPixel() : 0;
    case 'align_corners':
      return to > 1 ? f32((at * (from - 1)) / (to - 1)) : 0;
    case 'asymmetric':
      return f32(at / f32(scale));
    default:
      return c.fail(`coordinate_transformation_mode ${mode} cannot be trained through`);
  }
}

const clamp = (at: number, size: number): number => Math.min(Math.max(at, 0), size - 1);

/** The position in the input that each position takes. */
function nearest(c: GradientContext, axis: Resized): readonly number[] {
  const mode = stringOf(c.node, 'nearest_mode', 'round_prefer_floor');
  const rounded = (x: number): number => {
    if (mode === 'floor') return Math.floor(x);
    if (mode === 'ceil') return Math.ceil(x);
    return mode === 'round_prefer_ceil' ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
  };
  return Array.from({ length: axis.to }, (_, at) => clamp(rounded(original(c, axis, at)), axis.from));
}

/** The weights of the neighbours of a point `t` behind the second of four; of two where `a` is undefined. */
function kernel(t: number, a: number | undefined): readonly number[] {
  if (a === undefined) return [1 - t, t];
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** How much each position takes of each position of the input. */
function interpolated(c: GradientContext, axis: Resized, a: number | undefined): readonly (readonly number[])[] {
  const { from, to } = axis;
  const strictly = a !== undefined && intOf(c.node, 'exclude_outside', 0) !== 0;
  return Array.from({ length: to }, (_, at) => {
    const place = original(c, axis, at);
    const x = a === undefined ? clamp(place, from) : place;
    const row = new Array<number>(from).fill(0);
    const first = Math.floor(x) - (a === undefined ? 0 : 1);
    let sum = 0;
    kernel(x - Math.floor(x), a).forEach((weight, i) => {
      if (strictly && (first + i < 0 || first + i >= from)) return;
      row[clamp(first + i, from)] += weight;
      sum += weight;
    });
    return row.map((weight) => weight / sum);
  });
}

/** Axis by axis, since interpolation is a product of that along each axis. */
const resizeRule: GradientRule = (c) => {
  if (intOf(c.node, 'antialias', 0) !== 0) c.fail('a Resize with antialias cannot be trained through');
  const from = c.dims(0);
  const shape = [...c.outputDims()];
  const axes = intsOf(c.node, 'axes')?.map((axis) => c.axis(axis, from.length)) ?? from.map((_, axis) => axis);
  const scales = c.has(3) ? undefined : c.numbers(2, 'scales');
  const mode = stringOf(c.node, 'mode', 'nearest');
  const a = mode === 'cubic' ? floatOf(c.node, 'cubic_coeff_a', -0.75) : undefined;
  let gradient: Expression = c.dy;
  axes.forEach((axis, i) => {
    const [size, to] = [from[axis], shape[axis]];
    if (size === to && (scales === undefined || scales[i] === 1)) return;
    const resized = { from: size, to, scale: scales?.[i] ?? to / size };
    const back =
      mode === 'nearest'
        ? takenBack(gradient, shape, axis, nearest(c, resized), size)
        : mixedBack(gradient, shape, axis, interpolated(c, resized, a));
    gradient = back ?? c.fail('it is too large to be trained through');
    shape[axis] = size;
  });
  return [gradient];
};

export const resizeGradients: GradientsOf<typeof resize> = { Resize: resizeRule };
