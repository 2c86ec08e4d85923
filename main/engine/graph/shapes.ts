import type { Value } from '../ops/value.ts';
import { Environment } from './environment.ts';
import type { Dimension, Model } from './types.ts';

/**
 * Types and shapes of every value of a model at OPSET, for a chosen input size.
 *
 * @param inputShapes shapes for the graph's inputs by name (NCHW for images); those left out are as the model declares
 *   them. A name as a dimension, such as 'N', stays a name.
 * @returns what is known of each value, by its name
 * @throws EngineError that names the node, its input shapes and the reason
 */
export function inferShapes(
  model: Model,
  inputShapes: Readonly<Record<string, readonly Dimension[]>> = {},
): Map<string, Value> {
  const environment = new Environment(model.graph, inputShapes);
  for (const node of model.graph.nodes) environment.infer(node);
  return environment.values;
}
