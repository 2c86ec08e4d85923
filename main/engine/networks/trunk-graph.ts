import { GraphBuilder } from '../graph/builder.ts';
import { scalar } from '../graph/tensors.ts';
import type { Model } from '../graph/types.ts';
import { buildPixels, preprocessingOf, prunedTo } from './codes-graph.ts';
import type { FreezePoint } from './freeze-points.ts';
import { joinModels } from './join.ts';
import type { Network } from './network.ts';

/** The largest number in half precision. */
const largestHalf = 65504;

/**
 * The part of a network before a freeze point. It takes `pixels` as the models of `buildCodesModel` do, and gives the activations at
 * the point, float32 [N, ...point.shape]. They are stored in half precision: what is beyond its range is clamped to it, since
 * infinity would be left of it.
 *
 * @throws EngineError when the network's preprocessing is not known
 */
export function buildTrunkModel(network: Network, point: FreezePoint): Model {
  const builder = new GraphBuilder(prunedTo(network.model.graph, [point.tensor]));
  const limits = [-largestHalf, largestHalf].map((limit) => builder.constant(scalar(limit), 'half'));
  builder.output(builder.add('Clip', [point.tensor, ...limits]), 'float32', ['N', ...point.shape]);
  return joinModels(buildPixels(preprocessingOf(network)), builder.build());
}
