import { EngineError } from '../errors.ts';
import type { Value } from '../ops/operator.ts';
import type { Dimension, Model } from './types.ts';

/**
 * Types and shapes of every value of a model at OPSET, for a chosen input size.
 *
 * @param inputShapes shapes for the graph's inputs by name (NCHW for images); those left out are as the model declares
 *   them. A name as a dimension, such as 'N', stays symbolic.
 * @returns for each value its type and shape
 * @throws EngineError that names the node, its input shapes and the reason
 */
export function inferShapes(
  model: Model,
  inputShapes: Readonly<Record<string, readonly Dimension[]>> = {},
): Map<string, Value> {
  throw new EngineError(`Not yet: ${model.graph.name} ${JSON.stringify(inputShapes)}`);
}
