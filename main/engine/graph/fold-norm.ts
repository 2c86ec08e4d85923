import { floatOf, intOf, withAttributes } from './attributes.ts';
import { GraphBuilder } from './builder.ts';
import { withoutUnused } from './fold.ts';
import { createTensor } from './tensors.ts';
import type { Graph, Model, Node, Tensor } from './types.ts';

/** Scale and shift of each channel: all that BatchNormalization with running statistics does. */
interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/**
 * Puts BatchNormalization into the weights of the convolution or fully-connected layer before it, for inference:
 * γ (W x + b − μ) / √(σ² + ε) + β = (k W) x + k (b − μ) + β with k = γ / √(σ² + ε). Left as it is where its layer's value
 * or weights are used elsewhere too, where a parameter is no constant, or where it works with the batch's own statistics.
 */
export function foldNormalisation(model: Model): Model {
  const { graph } = model;
  const names = new GraphBuilder(graph);
  const initializers = new Map(graph.initializers);
  const uses = countUses(graph);
  /** Nodes of the new graph by their output. */
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) {
    const layer = makers.get(node.inputs[0]);
    const affine = node.op === 'BatchNormalization' ? affineOf(node, initializers) : undefined;
    const folded =
      affine && layer && uses.get(node.inputs[0]) === 1 && uses.get(layer.inputs[1]) === 1
        ? foldInto(layer, affine, initializers)
        : undefined;
    if (!folded || !layer) {
      makers.set(node.outputs[0], node);
      continue;
    }
    const weights = names.freshName(`${layer.inputs[1]}_folded`);
    const bias = names.freshName(`${layer.inputs[1]}_folded_bias`);
    initializers.set(weights, folded.weights).set(bias, folded.bias);
    uses.set(weights, 1);
    makers.delete(node.inputs[0]);
    makers.set(node.outputs[0], {
      ...folded.layer,
      inputs: [layer.inputs[0], weights, bias],
      outputs: [node.outputs[0]],
    });
  }
  return withoutUnused({ ...model, graph: { ...graph, nodes: [...makers.values()], initializers } });
}

/** How often each value is taken, by nodes and as an output. */
function countUses({ nodes, outputs }: Graph): Map<string, number> {
  const uses = new Map<string, number>();
  for (const name of [...nodes.flatMap((node) => node.inputs), ...outputs.map((output) => output.name)])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}

function affineOf(node: Node, initializers: ReadonlyMap<string, Tensor>): Affine | undefined {
  const parameters = node.inputs.slice(1).map((name) => floats(initializers, name));
  if (node.outputs.length > 1 || intOf(node, 'training_mode', 0) !== 0 || !parameters.every((one) => one !== undefined))
    return undefined;
  const [gamma, beta, mean, variance] = parameters.map(({ data }) => data);
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt(variance[channel] + epsilon));
  return { scale, shift: Float64Array.from(beta, (value, channel) => value - mean[channel] * scale[channel]) };
}

/** The layer with its new weights and bias; undefined where it is none of the kind, or takes no constants. */
function foldInto(
  layer: Node,
  { scale, shift }: Affine,
  initializers: ReadonlyMap<string, Tensor>,
): { layer: Node; weights: Tensor; bias: Tensor } | undefined {
  const weights = floats(initializers, layer.inputs[1]);
  const channelOf = weights && outputChannel(layer, weights.shape);
  if (!weights || !channelOf) return undefined;
  const channels = scale.length;
  const hasBias = layer.inputs.length > 2 && layer.inputs[2] !== '';
  const given = hasBias ? floats(initializers, layer.inputs[2])?.data : new Float32Array(channels);
  if (given?.length !== channels) return undefined;
  const beta = floatOf(layer, 'beta', 1);
  return {
    layer: withAttributes(layer, { beta: undefined }),
    weights: createTensor(
      'float32',
      weights.shape,
      weights.data.map((value, at) => value * scale[channelOf(at)]),
    ),
    bias: createTensor(
      'float32',
      [channels],
      given.map((value, channel) => beta * value * scale[channel] + shift[channel]),
    ),
  };
}

/** Which output channel a weight belongs to, by its place in the tensor. */
function outputChannel(layer: Node, shape: readonly number[]): ((at: number) => number) | undefined {
  const [first, second, ...kernel] = shape;
  const kernelSize = kernel.reduce((product, side) => product * side, 1);
  switch (layer.op) {
    case 'Conv':
      // [channels, channels before / groups, …]
      return (at) => Math.floor(at / (second * kernelSize));
    case 'ConvTranspose': {
      // [channels before, channels / groups, …]; channels before fall into the groups in order.
      const perGroup = first / intOf(layer, 'group', 1);
      return (at) =>
        Math.floor(Math.floor(at / (second * kernelSize)) / perGroup) * second + (Math.floor(at / kernelSize) % second);
    }
    case 'Gemm':
      return intOf(layer, 'transB', 0) === 1 ? (at) => Math.floor(at / second) : (at) => at % second;
    default:
      return undefined;
  }
}

function floats(initializers: ReadonlyMap<string, Tensor>, name: string): Tensor<'float32'> | undefined {
  const tensor = initializers.get(name);
  return tensor?.type === 'float32' ? (tensor as Tensor<'float32'>) : undefined;
}
