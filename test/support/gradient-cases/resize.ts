import { float, int, ints, string } from '../../../main/engine/graph/attributes.ts';
import { createTensor, int64s } from '../../../main/engine/graph/tensors.ts';
import type { GradientCase } from '../gradients.ts';

const x = [1, 2, 3, 4];
const scales = (...values: readonly number[]) => createTensor('float32', [values.length], values);
const transformations = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];

const by = (mode: string, transformation: string, ...factors: readonly number[]): GradientCase => ({
  op: 'Resize',
  inputs: [x, undefined, scales(1, 1, ...factors)],
  attributes: { mode: string(mode), coordinate_transformation_mode: string(transformation) },
});

export const resizeCases: readonly GradientCase[] = [
  ...transformations.flatMap((transformation) => [
    by('nearest', transformation, 2, 2),
    by('nearest', transformation, 1.7, 0.6),
    by('linear', transformation, 2, 3),
    by('linear', transformation, 1.5, 0.5),
    by('cubic', transformation, 2, 1.5),
  ]),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].flatMap((nearest): GradientCase[] =>
    transformations.slice(2).map((transformation) => {
      const each = by('nearest', transformation, 2, 0.5);
      return { ...each, attributes: { ...each.attributes, nearest_mode: string(nearest) } };
    }),
  ),
  {
    op: 'Resize',
    inputs: [x, undefined, undefined, int64s([5, 7])],
    attributes: { axes: ints([3, 2]), mode: string('linear') },
  },
  { op: 'Resize', inputs: [x, undefined, undefined, int64s([1, 2, 6, 2])], attributes: { mode: string('nearest') } },
  {
    op: 'Resize',
    inputs: [x, undefined, scales(1, 1, 2, 2)],
    attributes: { mode: string('cubic'), exclude_outside: int(1), cubic_coeff_a: float(-0.5) },
  },
];
