import { EngineError } from '../errors.ts';
import type { Value } from '../ops/value.ts';
import { BATCH, forAnyBatch } from './batch.ts';
import { checkModel } from './check.ts';
import { foldModel } from './fold.ts';
import { liftModel } from './lift.ts';
import { rewrite } from './rewrite.ts';
import { inferShapes } from './shapes.ts';
import { formatShape } from './tensors.ts';
import type { Dimension, Model, ValueInfo } from './types.ts';

export interface NormaliseOptions {
  /** Shape of the network's one input without the batch, such as `[3, 224, 224]`; as the file declares it when absent. */
  readonly inputShape?: readonly number[];
}

export interface NormalisedModel {
  /**
   * Of operator set OPSET and checked. Its input and outputs are declared with the shapes they have, the first dimension being
   * BATCH; it works for a batch of any size.
   */
  readonly model: Model;
  /** What is known of every value, by its name. */
  readonly values: ReadonlyMap<string, Value>;
}

/**
 * Brings a network into the one form that the rest of the engine works on: lifted to OPSET, open to any batch, constants
 * folded for the input size, shapes inferred, checked after every pass.
 *
 * @throws EngineError that names the node and the reason
 */
export function normaliseModel(model: Model, options: NormaliseOptions = {}): NormalisedModel {
  const input = onlyInput(model);
  const size = inputSize(input, options.inputShape);
  const batch = input.shape.at(0);
  const declared = typeof batch === 'number' ? batch : 1;
  const atDeclared = { [input.name]: [declared, ...size] };
  const atAny = { [input.name]: [BATCH, ...size] };
  let result = checked(model);
  result = checked(liftModel(result, atDeclared));
  result = checked(rewrite(result, atAny, forAnyBatch(declared)));
  result = checked(foldModel(result, atAny));
  const values = inferShapes(result, atAny);
  return { model: declareShapes(result, values), values };
}

function checked(model: Model): Model {
  checkModel(model);
  return model;
}

function onlyInput(model: Model): ValueInfo {
  const { inputs } = model.graph;
  if (inputs.length !== 1)
    throw new EngineError(
      `The network has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); one that takes images has one.`,
    );
  return inputs[0];
}

/** The input's shape without the batch. */
function inputSize({ name, shape }: ValueInfo, wanted: readonly number[] | undefined): readonly number[] {
  if (wanted && (shape.length === 0 || wanted.length === shape.length - 1)) return wanted;
  if (wanted)
    throw new EngineError(
      `The input "${name}" has the shape ${formatShape(shape)}; a size of ${formatShape(wanted)} for each item does not fit it.`,
    );
  const declared = shape.slice(1);
  if (shape.length < 2 || !declared.every((dimension) => typeof dimension === 'number'))
    throw new EngineError(
      `The file leaves the size of the input "${name}" open (${formatShape(shape)}): say which size to use.`,
    );
  return declared;
}

function declareShapes(model: Model, values: ReadonlyMap<string, Value>): Model {
  const declare = ({ name }: ValueInfo): ValueInfo => {
    const { type, shape } = values.get(name)!;
    return { name, type, shape };
  };
  const outputs = model.graph.outputs.map(declare);
  for (const { name, shape } of outputs)
    if (shape.at(0) !== (BATCH as Dimension))
      throw new EngineError(
        `The output "${name}" has the shape ${formatShape(shape)}; its first dimension must be the batch (${BATCH}).`,
      );
  return { ...model, graph: { ...model.graph, inputs: model.graph.inputs.map(declare), outputs } };
}
