import { checkModel } from '../graph/check.ts';
import type { Model } from '../graph/types.ts';
import { addCodes, buildCodesModel, codesLength, codesOutput } from './codes-graph.ts';
import { ancestors } from './cuts.ts';
import type { FreezePoint } from './freeze-points.ts';
import type { Network } from './network.ts';

/** What a tail's codes are: those of the backbone's end. */
export function tailCodes(network: Network): { name: string; length: number } {
  const request = { point: network.freezePoints.at(-1)!, pooling: 'avg' } as const;
  return { name: codesOutput(request), length: codesLength(request) };
}

/**
 * The part of a backbone after a freeze point, to the CNN codes at its end. It takes the value at that point, by its name in the
 * network, float32 [N, ...point.shape], and gives float32 [N, D] (`tailCodes`).
 *
 * @param freeze without one the tail is everything: it takes `pixels` as `buildCodesModel` does
 * @throws EngineError when everything is to be trained and the network's preprocessing is not known
 */
export function buildTailModel(network: Network, freeze: FreezePoint | undefined): Model {
  const last = network.freezePoints.at(-1)!;
  const request = { point: last, pooling: 'avg' } as const;
  if (!freeze) return buildCodesModel(network, [request]);
  const { graph } = network.model;
  const after = ancestors(
    graph.nodes.filter((node) => !node.outputs.includes(freeze.tensor)),
    freeze === last ? [] : [last.tensor],
  );
  const used = new Set(after.flatMap((node) => node.inputs));
  const model = addCodes(
    {
      name: graph.name,
      inputs: [{ name: freeze.tensor, type: 'float32', shape: ['N', ...freeze.shape] }],
      outputs: [],
      nodes: after,
      initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
    },
    [request],
  );
  checkModel(model);
  return model;
}
