import { EngineError } from '../errors.ts';
import { describeNode } from '../graph/attributes.ts';
import { lastWithoutGradient } from '../gradients/walk.ts';
import type { FreezePoint } from '../networks/freeze-points.ts';
import type { Network } from '../networks/network.ts';
import { buildTailModel } from '../networks/tail-graph.ts';

/**
 * Sees to it that all operators after a freeze point have gradients, before anything is trained.
 *
 * @throws EngineError that names the last one that has none, and the first freeze point after it
 */
export function checkTrainable(network: Network, freeze: FreezePoint | undefined): void {
  const found = lastWithoutGradient(buildTailModel(network, freeze).graph.nodes);
  if (!found) return;
  const { nodes } = network.model.graph;
  const place = nodes.findIndex(({ outputs }) => outputs.includes(found.node.outputs[0]));
  const after = network.freezePoints.find(
    ({ tensor }) => nodes.findIndex(({ outputs }) => outputs.includes(tensor)) >= place,
  );
  throw new EngineError(
    `${describeNode(found.node)} cannot be trained: ${found.reason}. ${after ? `Freeze at ${after.name} or later.` : 'Train a linear classifier instead.'}`,
  );
}
