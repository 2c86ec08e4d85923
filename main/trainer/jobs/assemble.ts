import type { Classifier } from '../../contract/classifiers.ts';
import type { Pooling, Preprocessing } from '../../contract/networks.ts';
import { readModelFile } from '../../engine/graph/read.ts';
import { appendHead, buildCodesModel } from '../../engine/networks/codes-graph.ts';
import { findFreezePoint } from '../../engine/networks/freeze-points.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { writeClassifierFile } from '../classifier-file.ts';
import type { JobContext } from '../context.ts';

export interface AssembleParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  readonly point: string;
  readonly pooling: Pooling;
  /** The head's ONNX file: codes to probabilities. */
  readonly head: string;
  /** Written into the file, so that it can be used without anything else. */
  readonly description: Classifier;
  /** The file to write. */
  readonly target: string;
}

/** Writes a finished classifier, pixels to probabilities, in one ONNX file. */
export async function assemble(params: AssembleParams, context: JobContext): Promise<null> {
  context.progress('Writing the network', 0);
  const { size } = params.preprocessing;
  const network = await openNetwork(params.network, { size, preprocessing: params.preprocessing });
  const codes = buildCodesModel(network, [
    { point: findFreezePoint(network.freezePoints, params.point), pooling: params.pooling },
  ]);
  const joined = appendHead(codes, await readModelFile(params.head));
  await context.breathe();
  await writeClassifierFile(params.target, joined, params.description);
  return null;
}
