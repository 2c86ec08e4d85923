import { sameShape } from '../graph/dimensions.ts';
import { formatShape } from '../graph/tensors.ts';
import type { Dimension } from '../graph/types.ts';
import type { NodeContext } from './operator.ts';
import { indexer, stridesOf } from './value.ts';

/** The shape that all shapes broadcast to, by ONNX's (NumPy's) rule: aligned at the last axis, 1 stretches. */
export function broadcast(context: NodeContext, shapes: readonly (readonly Dimension[])[]): readonly Dimension[] {
  let result: readonly Dimension[] = shapes[0];
  for (const shape of shapes.slice(1)) {
    if (sameShape(result, shape)) continue;
    const rank = Math.max(result.length, shape.length);
    const joined: Dimension[] = [];
    for (let axis = 0; axis < rank; axis++) {
      const a = axis < rank - result.length ? 1 : result[axis - rank + result.length];
      const b = axis < rank - shape.length ? 1 : shape[axis - rank + shape.length];
      if (a !== b && a !== 1 && b !== 1)
        context.fail(`shapes ${formatShape(result)} and ${formatShape(shape)} cannot be broadcast together`);
      joined.push(a === 1 ? b : a);
    }
    result = joined;
  }
  return result;
}

/** For the flat index of an element of the broadcast shape, the flat index in a tensor of `shape`. */
export function broadcastIndexer(shape: readonly number[], target: readonly number[]): (index: number) => number {
  const lead = target.length - shape.length;
  const strides = stridesOf(shape);
  const steps = target.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]));
  return indexer(target, steps);
}
