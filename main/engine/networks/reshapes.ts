import type { NormalisedModel } from '../graph/normalise.ts';
import { rewrite } from '../graph/rewrite.ts';
import { int64s } from '../graph/tensors.ts';
import type { Dimension, Model } from '../graph/types.ts';
import { numbersOf } from '../ops/value.ts';

/**
 * A network whose Reshapes hold the sizes of one input size, for another: the channel shuffle of ShuffleNet, written as
 * [N, 112, 56, 56] to [N, 4, 28, 56, 56], keeps its split of the channels and takes the new height and width.
 *
 * @param made the network at the size that it was made for
 * @param inputShape of the new size, without the batch
 */
export function withReshapesFor(made: NormalisedModel, inputShape: readonly number[]): Model {
  const { model, values } = made;
  const [input] = model.graph.inputs;
  return rewrite(model, { [input.name]: [input.shape[0], ...inputShape] }, (context, to) => {
    const { node } = context;
    const before = values.get(node.inputs[0])?.shape;
    const target = node.op === 'Reshape' ? numbersOf(context.input(1)) : undefined;
    const fitted = before && target && fittedTarget(before, target, context.shape(0));
    if (!fitted) to.put(node);
    else to.put({ ...node, inputs: [node.inputs[0], to.constant(int64s(fitted), `${node.outputs[0]}_shape`)] });
  });
}

/**
 * The target of a Reshape for an input of another shape. Axes of the input and of the target are matched in groups of the
 * same size; a group whose input axes have not changed stays, one of a single target axis takes the new size.
 *
 * @param before the input's shape that the target was made for
 * @returns undefined where the target does not follow from the shapes
 */
function fittedTarget(
  before: readonly Dimension[],
  target: readonly number[],
  after: readonly Dimension[],
): number[] | undefined {
  // The batch stays in front; another axis that is left open needs no help.
  if (typeof before[0] === 'number' || target[0] > 0 || target.slice(1).some((size) => size < 1)) return undefined;
  const old = before.slice(1).map(Number);
  const now = after.slice(1).map(Number);
  const fitted = [0];
  let from = 0;
  for (let to = 1; to < target.length;) {
    const [start, first] = [from, to];
    let left = 1;
    let right = 1;
    do {
      if (left <= right && from < old.length) left *= old[from++];
      else if (to < target.length) right *= target[to++];
      else return undefined;
    } while (left !== right || to === first);
    const size = now.slice(start, from).reduce((product, side) => product * side, 1);
    if (size === left) fitted.push(...target.slice(first, to));
    else if (to - first === 1) fitted.push(size);
    else return undefined;
  }
  return now.slice(from).every((side) => side === 1) ? fitted : undefined;
}
