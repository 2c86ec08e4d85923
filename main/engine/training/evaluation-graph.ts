import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import type { Model } from '../graph/types.ts';
import { buildTailModel } from '../networks/tail-graph.ts';
import { addHead, withInputs } from './classified-tail.ts';
import { foldFrozenNorm } from './fold-frozen-norm.ts';
import type { TrainingGraphRequest } from './training-graph.ts';

/** Name of the output of `buildEvaluation`, float32 [N, C]. */
export const logProbabilitiesOutput = 'log-probabilities';

/**
 * The tail and the new classifier as they answer, for a batch of any size. Parameters and statistics are inputs by the names
 * that they have in training, so that they need not leave the device.
 *
 * @param statistics names of the running statistics that follow the batches
 */
export function buildEvaluation(
  { network, freeze, parameters, head, classCount }: TrainingGraphRequest,
  statistics: readonly string[],
): Model {
  const opened = withInputs(buildTailModel(network, freeze), [...parameters.map(({ name }) => name), ...statistics]);
  const builder = new GraphBuilder({ ...opened.graph, outputs: [] });
  const logits = addHead(builder, network, head);
  builder.add('LogSoftmax', [logits], { axis: int(1) }, { outputs: [logProbabilitiesOutput] });
  builder.output(logProbabilitiesOutput, 'float32', ['N', classCount]);
  const model = foldFrozenNorm(builder.build());
  checkModel(model);
  return model;
}
