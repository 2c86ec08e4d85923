import type { Classifier } from '../../contract/classifiers.ts';
import { foldNormalisation } from '../../engine/graph/fold-norm.ts';
import { appendHead, buildCodesModel, buildNetworkModel } from '../../engine/networks/codes-graph.ts';
import { writeClassifierFile } from '../classifier-file.ts';
import { type ClassifierParts, openParts } from '../classifier-parts.ts';
import type { JobContext } from '../context.ts';

export interface AssembleParams extends ClassifierParts {
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
  const { network, head } = await openParts(params);
  const whole = head ? appendHead(buildCodesModel(network, [head.codes]), head.model) : buildNetworkModel(network);
  await context.breathe();
  await writeClassifierFile(params.target, params.fold ? foldNormalisation(whole) : whole, params.description);
  return null;
}
