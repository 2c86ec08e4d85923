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
  return buildActivationsModel(network, [point]);
}

/** As `buildTrunkModel`, for several freeze points in one pass: each output bears the name of its point's value. */
export function buildActivationsModel(network: Network, points: readonly FreezePoint[]): Model {
  const builder = new GraphBuilder(
    prunedTo(
      network.model.graph,
      points.map(({ tensor }) => tensor),
    ),
  );
  for (const { tensor, shape } of points) builder.output(tensor, 'float32', ['N', ...shape]);
  return joinModels(buildPixels(preprocessingOf(network)), builder.build());
}
