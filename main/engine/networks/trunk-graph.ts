import { GraphBuilder } from '../graph/builder.ts';
import type { Model } from '../graph/types.ts';
import { buildPixels, preprocessingOf, prunedTo } from './codes-graph.ts';
import type { FreezePoint } from './freeze-points.ts';
import { joinModels } from './join.ts';
import type { Network } from './network.ts';

/**
 * The part of a network before a freeze point. It takes `pixels` as the models of `buildCodesModel` do, and gives the activations at
 * the point, float32 [N, ...point.shape].
 *
 * @throws EngineError when the network's preprocessing is not known
 */
export function buildTrunkModel(network: Network, point: FreezePoint): Model {
  const builder = new GraphBuilder(prunedTo(network.model.graph, [point.tensor]));
  builder.output(point.tensor, 'float32', ['N', ...point.shape]);
  return joinModels(buildPixels(preprocessingOf(network)), builder.build());
}
