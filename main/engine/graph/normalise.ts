import { EngineError } from '../errors.ts';
import type { Value } from '../ops/value.ts';
import type { Dimension, Model } from './types.ts';

export interface NormaliseOptions {
  /** Shape of the network's one input without the batch, such as `[3, 224, 224]`; as the model declares it when absent. */
  readonly inputShape?: readonly number[];
}

export interface NormalisedModel {
  /** At OPSET, checked, batch named `N`, declared output shapes are the inferred ones. */
  readonly model: Model;
  /** Type and shape of every value. */
  readonly values: ReadonlyMap<string, Value>;
}

/** The batch dimension of a normalised model. */
export const BATCH: Dimension = 'N';

/**
 * Brings a model into the one form that the rest of the engine works on: lifted to OPSET, constants folded for the input
 * size, shapes inferred, checked after every pass.
 *
 * @throws EngineError that names the node and the reason
 */
export function normaliseModel(model: Model, options: NormaliseOptions = {}): NormalisedModel {
  throw new EngineError(`Not yet: ${model.graph.name} ${String(options.inputShape)}`);
}
