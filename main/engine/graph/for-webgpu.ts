import { convolutionWindow } from '../ops/convolution.ts';
import type { NodeContext } from '../ops/operator.ts';
import { intOf } from './attributes.ts';
import { rewrite } from './rewrite.ts';
import { int64s } from './tensors.ts';
import type { Dimension, Model } from './types.ts';

/** How many channels the WebGPU kernel of Conv reads at once. */
const READ = 4;

/**
 * Goes round a defect of ONNX Runtime's WebGPU kernel of Conv (seen in 1.30.0 on every driver; microsoft/onnxruntime issue 29651):
 * input channels that are divisible by three but not by four it reads three at a time, from places that it counts in fours, and the
 * result is wrong without a word. Such convolutions get channels of zeros, up to the next multiple of four.
 *
 * @param inputShapes as for inferShapes
 */
export function forWebGpu(model: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>> = {}): Model {
  return rewrite(model, inputShapes, (context, to) => {
    const { node } = context;
    if (node.op !== 'Conv' || !isMiscomputed(context)) {
      to.put(node);
      return;
    }
    const [, channels, ...kernel] = context.sizes(1, 0);
    const added = READ - (channels % READ);
    const pads = [...kernel, 0, 0].flatMap((_, axis) => (axis === 1 ? [added] : [0]));
    const list = to.constant(int64s([...pads.map(() => 0), ...pads]), 'channels');
    const [value, weights, ...bias] = node.inputs;
    const filled = [value, weights].map((name) => to.add(node, 'Pad', [name, list]));
    to.put({ ...node, inputs: [...filled, ...bias] });
  });
}

/** Whether the kernel takes the way that reads three channels at a time and is not right. A pixel by itself it multiplies another way. */
function isMiscomputed(context: NodeContext): boolean {
  const [outputs, inputs, ...kernel] = context.sizes(1, 0);
  const isRead = inputs > 3 && inputs % 3 === 0 && inputs % READ !== 0 && outputs % READ === 0;
  if (!isRead || intOf(context.node, 'group', 1) !== 1) return false;
  const { strides, pads } = convolutionWindow(context);
  return [...kernel, ...strides].some((size) => size !== 1) || pads.some((pad) => pad !== 0);
}
