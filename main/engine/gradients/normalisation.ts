import { intOf } from '../graph/attributes.ts';
import { int64s } from '../graph/tensors.ts';
import type { normalisation } from '../ops/normalisation.ts';
import { batchNormalization } from './batch-normalisation.ts';
import { div, mul, operation, reduceSum, sub } from './expressions.ts';
import { instanceNormalization, layerNormalization } from './layer-normalisation.ts';
import { localResponse } from './local-response.ts';
import type { GradientRule, GradientsOf } from './rule.ts';
import { sign } from './steps.ts';

/** For y = x / ‖x‖: dx = (dy − Σ(dy · y) · d‖x‖/dx) / ‖x‖. */
const lpNormalization: GradientRule = (c) => {
  const axes = [c.axis(intOf(c.node, 'axis', -1), c.dims(0).length)];
  const absolute = intOf(c.node, 'p', 2) === 1;
  const norm = operation(absolute ? 'ReduceL1' : 'ReduceL2', [c.x(0), int64s(axes)]);
  const slope = absolute ? sign(c.x(0)) : c.y();
  return [div(sub(c.dy, mul(slope, reduceSum(mul(c.dy, c.y()), axes, true))), norm)];
};

export const normalisationGradients: GradientsOf<typeof normalisation> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LRN: localResponse,
  LpNormalization: lpNormalization,
};
