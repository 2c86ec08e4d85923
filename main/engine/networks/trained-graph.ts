import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import type { Model, Tensor } from '../graph/types.ts';
import { addCodes, codesLength, codesOutput, prunedTo } from './codes-graph.ts';
import type { Network } from './network.ts';

/** Name of a trained network's output, float32 [N, C]. */
export const probabilitiesOutput = 'probabilities';

export interface TrainedWeights {
  /** What takes the place of the pretrained network's constants, by name. */
  readonly backbone: ReadonlyMap<string, Tensor<'float32'>>;
  /** Of the new classifier: [D, C] and [C]. */
  readonly head: { readonly weights: Tensor<'float32'>; readonly bias: Tensor<'float32'> };
}

/**
 * A network after fine-tuning: the pretrained backbone with the trained weights, and the new classifier in place of the old one. It
 * takes what the pretrained network takes and gives probabilities; its nodes keep their names, and so do its freeze points.
 */
export function buildTrainedNetwork(network: Network, trained: TrainedWeights): Model {
  const request = { point: network.freezePoints.at(-1)!, pooling: 'avg' } as const;
  const backbone = prunedTo(network.model.graph, [request.point.tensor]);
  const initializers = new Map(
    [...backbone.initializers].map(([name, own]) => [name, trained.backbone.get(name) ?? own]),
  );
  const codes = addCodes({ ...backbone, initializers }, [request]).graph;
  const builder = new GraphBuilder({ ...codes, outputs: [] });
  const { weights, bias } = trained.head;
  const logits = builder.add(
    'Gemm',
    [codesOutput(request), builder.constant(weights, 'classifier/weights'), builder.constant(bias, 'classifier/bias')],
    {},
    { name: builder.freshName('classifier') },
  );
  builder.add('Softmax', [logits], { axis: int(1) }, { outputs: [probabilitiesOutput] });
  builder.output(probabilitiesOutput, 'float32', ['N', weights.shape[1]]);
  if (weights.shape[0] !== codesLength(request)) throw new Error('the classifier does not fit the codes');
  const model = builder.build();
  checkModel(model);
  return model;
}
