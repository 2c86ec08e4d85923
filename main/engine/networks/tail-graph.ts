import { checkModel } from '../graph/check.ts';
import type { Graph, Model } from '../graph/types.ts';
import { addCodes, buildCodesModel, codesLength, codesOutput, type CodesRequest } from './codes-graph.ts';
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
  const request = { point: network.freezePoints.at(-1)!, pooling: 'avg' } as const;
  return freeze ? buildCodesTail(network, freeze, request) : buildCodesModel(network, [request]);
}

/** As `buildTailModel` with a freeze point, to the codes at any point from there on. */
export function buildCodesTail(network: Network, freeze: FreezePoint, request: CodesRequest): Model {
  const { tensor } = request.point;
  const model = addCodes(partAfter(network, freeze, tensor === freeze.tensor ? [] : [tensor]), [request]);
  checkModel(model);
  return model;
}

/** As `buildTailModel` with a freeze point, to the network's own output, which keeps its name. */
export function buildNetworkTail(network: Network, freeze: FreezePoint): Model {
  const outputs = network.model.graph.outputs.filter(({ name }) => name === network.output);
  const model = { ...network.model, graph: { ...partAfter(network, freeze, [network.output]), outputs } };
  checkModel(model);
  return model;
}

/** What some values are computed by from the value at a freeze point: the graph's only input. Without outputs. */
function partAfter({ model: { graph } }: Network, freeze: FreezePoint, values: readonly string[]): Graph {
  const nodes = ancestors(
    graph.nodes.filter((node) => !node.outputs.includes(freeze.tensor)),
    values,
  );
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    name: graph.name,
    inputs: [{ name: freeze.tensor, type: 'float32', shape: ['N', ...freeze.shape] }],
    outputs: [],
    nodes,
    initializers: new Map([...graph.initializers].filter(([name]) => used.has(name))),
  };
}
