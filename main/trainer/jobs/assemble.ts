import type { Classifier } from '../../contract/classifiers.ts';
import type { Pooling, Preprocessing } from '../../contract/networks.ts';
import { foldNormalisation } from '../../engine/graph/fold-norm.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import type { Model } from '../../engine/graph/types.ts';
import { appendHead, buildCodesModel, buildNetworkModel } from '../../engine/networks/codes-graph.ts';
import { findFreezePoint } from '../../engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../../engine/networks/network.ts';
import { writeClassifierFile } from '../classifier-file.ts';
import type { JobContext } from '../context.ts';

export interface AssembleParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** The ONNX file from codes to probabilities; null where the network gives probabilities itself. */
  readonly head: { readonly file: string; readonly point: string; readonly pooling: Pooling } | null;
  /** Whether BatchNormalization is put into the weights before it, which is faster where nobody does so on loading. */
  readonly fold: boolean;
  /** Written into the file, so that it can be used without anything else. */
  readonly description: Classifier;
  /** The file to write. */
  readonly target: string;
}

/** Writes a finished classifier, pixels to probabilities, in one ONNX file. */
export async function assemble(params: AssembleParams, context: JobContext): Promise<null> {
  context.progress('Writing the network', 0);
  const { head, preprocessing: wanted } = params;
  const network = await openNetwork(params.network, { size: wanted.size, preprocessing: wanted });
  const whole = head ? await withHead(network, head) : buildNetworkModel(network);
  await context.breathe();
  await writeClassifierFile(params.target, params.fold ? foldNormalisation(whole) : whole, params.description);
  return null;
}

async function withHead(network: Network, head: NonNullable<AssembleParams['head']>): Promise<Model> {
  const point = findFreezePoint(network.freezePoints, head.point);
  const codes = buildCodesModel(network, [{ point, pooling: head.pooling }]);
  return appendHead(codes, await readModelFile(head.file));
}
