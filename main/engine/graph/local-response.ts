import type { NodeContext } from '../ops/operator.ts';
import { floatOf, intOf } from './attributes.ts';
import { rewrite } from './rewrite.ts';
import type { Rewriter } from './rewrite.ts';
import { createTensor, scalar } from './tensors.ts';
import type { Model, Tensor } from './types.ts';

/*
 * Local response normalisation, LRN (AlexNet): y = x / s^β, s = k + α/n · W(x²), where W sums over a window of n channels. As a
 * Conv of one pixel, W is a band of weights, and k the bias.
 */

export interface LocalResponse {
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
  /** n, odd. */
  readonly size: number;
  readonly channels: number;
}

export function localResponseOf(context: NodeContext): LocalResponse {
  const { node } = context;
  return {
    alpha: floatOf(node, 'alpha', 1e-4),
    beta: floatOf(node, 'beta', 0.75),
    bias: floatOf(node, 'bias', 1),
    size: intOf(node, 'size', 1),
    channels: context.sizes(0, 1)[0],
  };
}

/** Weights [C, C, 1, 1] of the sum over the window around each channel, times `value`. */
export function windowWeights({ channels, size }: LocalResponse, value: number): Tensor {
  const reach = (size - 1) / 2;
  const data = Float32Array.from({ length: channels * channels }, (_, i) =>
    Math.abs((i % channels) - Math.floor(i / channels)) <= reach ? value : 0,
  );
  return createTensor('float32', [channels, channels, 1, 1], data);
}

/** k, for each channel. */
export function windowBias({ channels, bias }: LocalResponse): Tensor {
  return createTensor('float32', [channels], new Float32Array(channels).fill(bias));
}

/**
 * LRN written out, for a session alone: ONNX Runtime's own is more than ten times as slow on the CPU (npm run bench kernels), and WebGPU has none. Not for
 * networks that are looked at, trained or kept: the band is no weight.
 */
export function withLocalResponseWrittenOut(model: Model): Model {
  if (!model.graph.nodes.some(({ op }) => op === 'LRN')) return model;
  return rewrite(model, {}, (context, to) => {
    if (context.node.op === 'LRN') writeOut(context, to);
    else to.put(context.node);
  });
}

function writeOut(context: NodeContext, to: Rewriter): void {
  const { node } = context;
  const [x] = node.inputs;
  const settings = localResponseOf(context);
  const { alpha, beta, size } = settings;
  const add = (op: string, inputs: readonly string[], output?: string): string => to.add(node, op, inputs, {}, output);
  const weights = to.constant(windowWeights(settings, alpha / size), 'window');
  const s = add('Conv', [add('Mul', [x, x]), weights, to.constant(windowBias(settings), 'bias')]);
  add('Div', [x, power(s)], node.outputs[0]);

  /** s^β, without Pow for the usual β. */
  function power(base: string): string {
    if (beta === 1) return base;
    if (beta !== 0.75 && beta !== 0.5) return add('Pow', [base, to.constant(scalar(beta), 'exponent')]);
    const root = add('Sqrt', [base]);
    return beta === 0.5 ? root : add('Mul', [root, add('Sqrt', [root])]);
  }
}
