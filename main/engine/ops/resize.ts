import { intOf, intsOf, stringOf } from '../graph/attributes.ts';
import type { Dimension } from '../graph/types.ts';
import type { NodeContext, OperatorTable } from './operator.ts';
import { elementsOf } from './value.ts';

/** The output shape of a Resize, from its scales or its sizes. */
function resizedShape(context: NodeContext): readonly Dimension[] {
  const shape = context.shape(0);
  const axes =
    intsOf(context.node, 'axes')?.map((axis) => context.axis(axis, shape.length)) ?? shape.map((_, axis) => axis);
  const policy = stringOf(context.node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') context.fail(`keep_aspect_ratio_policy ${policy} is not supported`);
  const result = [...shape];
  if (context.has(3)) {
    const sizes = elementsOf(context.input(3)) ?? context.fail('its sizes are computed from the data');
    if (sizes.length !== axes.length) context.fail('there must be one size for each axis');
    axes.forEach((axis, i) => (result[axis] = sizes[i]));
    return result;
  }
  const scales = context.numbers(2, 'scales') ?? context.fail('it has neither scales nor sizes');
  if (scales.length !== axes.length) context.fail('there must be one scale for each axis');
  axes.forEach((axis, i) => {
    const size = shape[axis];
    if (scales[i] === 1) return;
    if (typeof size === 'string') context.fail('it resizes the batch');
    // ONNX Runtime multiplies in float32, which matters where the product is close to a whole number.
    else result[axis] = Math.floor(Math.fround(size * Math.fround(scales[i])));
  });
  return result;
}

export const resize = {
  Resize: {
    inputs: [1, 4],
    outputs: [1, 1],
    attributes: {
      antialias: 'int',
      axes: 'ints',
      coordinate_transformation_mode: 'string',
      cubic_coeff_a: 'float',
      exclude_outside: 'int',
      extrapolation_value: 'float',
      keep_aspect_ratio_policy: 'string',
      mode: 'string',
      nearest_mode: 'string',
    },
    infer(context) {
      if (stringOf(context.node, 'coordinate_transformation_mode') === 'tf_crop_and_resize')
        context.fail('tf_crop_and_resize is not supported');
      const mode = stringOf(context.node, 'mode', 'nearest');
      if (!['nearest', 'linear', 'cubic'].includes(mode)) context.fail(`mode ${mode} is not known`);
      if (intOf(context.node, 'antialias', 0) && mode === 'nearest') context.fail('antialias needs linear or cubic');
      return [{ type: context.type(0), shape: resizedShape(context) }];
    },
  },
} satisfies OperatorTable;
