import type { Pooling, Preprocessing } from '../contract/networks.ts';
import { readModelFile } from '../engine/graph/read.ts';
import type { Model } from '../engine/graph/types.ts';
import type { CodesRequest } from '../engine/networks/codes-graph.ts';
import { findFreezePoint } from '../engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../engine/networks/network.ts';

/** The files that the classifier of a run is made of. */
export interface ClassifierParts {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** The ONNX file from codes to probabilities; null where the network gives probabilities itself. */
  readonly head: { readonly file: string; readonly point: string; readonly pooling: Pooling } | null;
}

export interface OpenedParts {
  readonly network: Network;
  /** The model from codes to probabilities, and the codes that it takes. */
  readonly head: { readonly model: Model; readonly codes: CodesRequest } | undefined;
}

export async function openParts({ network: file, preprocessing, head }: ClassifierParts): Promise<OpenedParts> {
  const network = await openNetwork(file, { size: preprocessing.size, preprocessing });
  if (!head) return { network, head: undefined };
  const point = findFreezePoint(network.freezePoints, head.point);
  return { network, head: { model: await readModelFile(head.file), codes: { point, pooling: head.pooling } } };
}
