import { floatOf, floats, string } from '../graph/attributes.ts';
import type { Attribute, Node } from '../graph/types.ts';
import type { BlockedGraph } from './blocked-graph.ts';
import { channelRows, isPerChannel } from './channels.ts';

/** Operators that compute each element from those at its place, whatever the layout, and leave what was filled up finite. */
const elementwise: ReadonlySet<string> = new Set([
  ...[
    'Relu',
    'LeakyRelu',
    'Elu',
    'Selu',
    'Celu',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
    'Mish',
    'Softplus',
    'Softsign',
  ],
  ...['Clip', 'Tanh', 'Erf', 'Sqrt', 'Exp', 'Abs', 'Neg', 'Sign', 'Floor', 'Ceil', 'Cast', 'Identity'],
  ...['Add', 'Sub', 'Mul', 'Sum', 'Min', 'Max', 'Mean', 'Where', 'And', 'Or', 'Not'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
]);

/** Writes an element-by-element node on the blocked layout, where its inputs are there already. */
export function blockElementwise(graph: BlockedGraph, node: Node): boolean {
  const [output] = node.outputs;
  const shape = graph.shape(output);
  if (!elementwise.has(node.op) || shape === undefined || shape.length < 3) return false;
  // Of other types there is no way back.
  if (!['float32', 'bool'].includes(graph.type(output) ?? '')) return false;
  const same = (input: string): boolean => graph.shape(input)?.join() === shape.join();
  const scalar = (input: string): boolean => graph.shape(input)?.every((size) => size === 1) ?? false;
  const given = node.inputs.filter((input) => input !== '');
  const wide = given.filter(same);
  // One that is not there in blocks would have to be reordered; then the others may as well be.
  if (wide.length === 0 || !wide.every((input) => graph.isBlocked(input))) return false;
  const others = given.filter((input) => !same(input) && !scalar(input));
  if (others.length > 0) return blockPerChannel(graph, node, others);
  if (joinsConvolution(graph, node)) return true;
  const inputs = node.inputs.map((input) => (input !== '' && same(input) ? graph.blocked(input) : graph.plain(input)));
  graph.setBlocked(output, graph.add(node.op, inputs, node.attributes));
  return true;
}

/** Where some inputs have one number for each channel: pixels become one axis, along which these are broadcast. */
function blockPerChannel(graph: BlockedGraph, node: Node, narrow: readonly string[]): boolean {
  const [output] = node.outputs;
  const shape = graph.shape(output)!;
  if (shape.length !== 4 || !narrow.every((input) => isPerChannel(graph, input, shape))) return false;
  const [batch, channels, height, width] = shape;
  const { block } = graph;
  const rows = [batch, graph.filled(channels) / block, height * width, block];
  const inputs = node.inputs.map((input) => {
    if (narrow.includes(input)) return channelRows(graph, input);
    return graph.isBlocked(input) ? graph.reshape(graph.blocked(input), rows) : graph.plain(input);
  });
  graph.setBlocked(output, graph.reshape(graph.add(node.op, inputs, node.attributes), graph.filledShape(output)));
  return true;
}

/** Makes an addition or an activation part of the convolution before it, where nothing else takes what comes between. */
function joinsConvolution(graph: BlockedGraph, node: Node): boolean {
  const [output] = node.outputs;
  if (node.op === 'Add' || (node.op === 'Sum' && node.inputs.length === 2)) {
    const [a, b] = node.inputs;
    if (a === b || graph.shape(a)?.join() !== graph.shape(b)?.join()) return false;
    for (const [result, other] of [
      [a, b],
      [b, a],
    ]) {
      const convolution = graph.openOf(result);
      if (!convolution || convolution.sum !== undefined || convolution.activation) continue;
      const sum = graph.blocked(other);
      graph.closeOpen(result);
      graph.setOpen(output, { ...convolution, sum });
      return true;
    }
    return false;
  }
  const convolution = graph.openOf(node.inputs[0]);
  const activation = activationOf(graph, node);
  if (!convolution || convolution.activation || !activation) return false;
  graph.closeOpen(node.inputs[0]);
  graph.setOpen(output, { ...convolution, activation });
  return true;
}

/** The attributes with which a convolution applies an activation to its result; undefined for one that it does not know. */
function activationOf(graph: BlockedGraph, node: Node): Readonly<Record<string, Attribute>> | undefined {
  const activation = string(node.op);
  switch (node.op) {
    case 'Relu':
    case 'Sigmoid':
    case 'Tanh':
      return { activation };
    case 'LeakyRelu':
      return { activation, activation_params: floats([floatOf(node, 'alpha', 0.01)]) };
    case 'HardSigmoid':
      return { activation, activation_params: floats([floatOf(node, 'alpha', 0.2), floatOf(node, 'beta', 0.5)]) };
    case 'Clip': {
      const limits = [1, 2].map((input) => node.inputs[input] && graph.numbers(node.inputs[input])?.[0]);
      const [least, most] = limits;
      if (typeof least !== 'number' || typeof most !== 'number') return undefined;
      return { activation, activation_params: floats([least, most]) };
    }
    default:
      return undefined;
  }
}
