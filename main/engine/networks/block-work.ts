import { elementCount } from '../graph/tensors.ts';
import { findBlocks } from './blocks.ts';
import { countMultiplyAdds, type Values } from './counts.ts';
import type { Network } from './network.ts';
import type { Node } from '../graph/types.ts';

/** What a block computes for one image. */
export interface BlockWork {
  readonly multiplyAdds: number;
  /** Of its first layer: nobody asks for the gradient by what that takes, where nothing before it is trained. */
  readonly firstMultiplyAdds: number;
  /** Numbers that its operators give: what is read and written. */
  readonly values: number;
}

/** The work of every block of a network's backbone, from the input on; the i-th ends at the i-th freeze point. */
export function blockWork(network: Network): BlockWork[] {
  const { model, values, input, classifier, output } = network;
  const { blocks, nodes } = findBlocks(model.graph, values, input, classifier?.input ?? output);
  return blocks.map(({ nodesBefore, weightLayers }, at) => {
    const own = nodes.slice(at === 0 ? 0 : blocks[at - 1].nodesBefore, nodesBefore);
    return {
      multiplyAdds: countMultiplyAdds(values, own),
      firstMultiplyAdds: countMultiplyAdds(values, weightLayers.slice(0, 1)),
      values: own.reduce((sum, node) => sum + countValues(values, node), 0),
    };
  });
}

function countValues(values: Values, { outputs }: Node): number {
  let count = 0;
  for (const name of outputs) {
    const value = values.get(name);
    const sides = value?.shape.slice(1).map(Number) ?? [];
    if (value?.type === 'float32' && sides.length > 0 && sides.every(Number.isFinite)) count += elementCount(sides);
  }
  return count;
}
