import { EngineError } from '../errors.ts';
import { operators } from '../ops/table.ts';
import { withAttributes } from './attributes.ts';
import { lifters } from './lifters.ts';
import { rewrite } from './rewrite.ts';
import { OPSET } from './types.ts';
import type { Dimension, Model } from './types.ts';
import { whyUnsupported } from './unsupported.ts';

/** The newest operator set whose changes were gone through, operator by operator. */
const NEWEST_OPSET = 27;

/**
 * Writes a network in operator set OPSET, whatever set it was written in. Inputs that were attributes become inputs,
 * operators that changed their meaning are written in the terms they have now.
 *
 * @param inputShapes shapes for the inputs, all numbers: some lifts need to know how many dimensions a value has
 * @throws EngineError that names the node that cannot be lifted, and why
 */
export function liftModel(model: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>>): Model {
  const version = model.opset;
  if (version > NEWEST_OPSET)
    throw new EngineError(
      `The network is written for operator set ${version}; the newest that is known is ${NEWEST_OPSET}. Export it for an older one.`,
    );
  const lifted = rewrite(model, inputShapes, (context, to) => {
    const { node } = context;
    const lift = node.domain === '' ? lifters.get(node.op) : undefined;
    if (lift) lift({ node, context, version, to });
    else if (node.domain === '' && operators.has(node.op))
      // A hint to run in place, of the first operator sets.
      to.put(withAttributes(node, { consumed_inputs: undefined }));
    else throw new EngineError(whyUnsupported(node));
  });
  return { ...lifted, opset: OPSET };
}
