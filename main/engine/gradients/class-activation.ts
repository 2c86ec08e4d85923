import { EngineError } from '../errors.ts';
import { describeNode, int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { checkModel } from '../graph/check.ts';
import { foldModel } from '../graph/fold.ts';
import { inferShapes } from '../graph/shapes.ts';
import type { Model } from '../graph/types.ts';
import { int64s } from '../graph/tensors.ts';
import { mul, operation, reduceSum, sub } from './expressions.ts';
import { addGradients, lastWithoutGradient } from './walk.ts';
import { ExpressionWriter } from './write.ts';

/** Names of what `buildClassActivation` takes beside the activations, and of what it gives. */
export const classInput = 'explained/class';
export const mapOutput = 'explained/map';

/**
 * Where in a picture a class is seen: Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391). With the activations A [C, H, W] at one
 * place of the network and the class's logit y, before the softmax, each channel weighs as much as y grows with it on average:
 *
 *     map = ReLU(s − mean over H, W of s),   s = Σ_k α_k A_k,   α_k = mean over H, W of ∂y/∂A_k
 *
 * The mean is ours. A classifier of standardised codes, and a network whose fine-tuning began with one, has the data's mean in its bias:
 * s may lie above zero in all of a picture, or below, and the ReLU alone would show everything or nothing. What is asked is where:
 * in which places more speaks for the class than in the rest of the picture.
 *
 * @param tail from activations [N, C, H, W], its one input, to its one output: probabilities [N, K] made by a softmax. Of an SVM
 *   whose scores pass sigmoids before, y is what the softmax takes, log sigmoid(z): it grows with z
 * @returns a graph that takes one picture's activations by the tail's name for them, float32 [1, C, H, W], and `classInput`,
 *   float32 [1, K], a one at the class; it gives the tail's output under its own name, and `mapOutput`, float32 [H, W], as it
 *   comes: not scaled
 * @throws EngineError when the tail does not end with a softmax, or when an operator on the way has no gradient
 */
export function buildClassActivation(tail: Model): Model {
  const [input] = tail.graph.inputs;
  const [output] = tail.graph.outputs;
  const shape = [1, ...input.shape.slice(1)];
  const folded = foldModel(tail, { [input.name]: shape });
  const softmax = folded.graph.nodes.find(({ outputs }) => outputs.includes(output.name));
  if (softmax?.op !== 'Softmax')
    throw new EngineError('This classifier does not end with a softmax: which values speak for a class is not known.');
  const obstacle = lastWithoutGradient(folded.graph.nodes);
  if (obstacle)
    throw new EngineError(
      `${describeNode(obstacle.node)} stands between these activations and the answer, and how the answer changes with them cannot be computed: ${obstacle.reason}. Choose a later place in the network.`,
    );
  const classes = output.shape[1];
  const builder = new GraphBuilder({ ...folded.graph, inputs: [{ ...input, shape }], outputs: [] });
  const [logits] = softmax.inputs;
  const chosen = builder.input(classInput, 'float32', [1, classes]);
  const loss = builder.add('ReduceSum', [builder.add('Mul', [logits, chosen])], { keepdims: int(0) });
  const forward = builder.build();
  const gradients = addGradients(builder, {
    nodes: forward.graph.nodes,
    values: inferShapes(forward),
    loss,
    by: [input.name],
  });
  const gradient = gradients.get(input.name);
  if (gradient === undefined) throw new EngineError('The answer does not depend on these activations.');
  const weights = operation('ReduceMean', [gradient, int64s([2, 3])], { keepdims: int(1) });
  const evidence = reduceSum(mul(weights, input.name), [0, 1], false);
  const average = operation('ReduceMean', [evidence], { keepdims: int(0) });
  const map = operation('Relu', [sub(evidence, average)]);
  builder.add('Identity', [new ExpressionWriter(builder).write(map)], {}, { outputs: [mapOutput] });
  builder.output(output.name, 'float32', [1, classes]);
  builder.output(mapOutput, 'float32', shape.slice(2));
  const model = builder.build();
  checkModel(model);
  inferShapes(model);
  return model;
}
