import type { Graph, Node } from '../graph/types.ts';
import { isWeightLayer } from './counts.ts';
import type { Values } from './counts.ts';

/** The layer at the end of a network that turns its codes into one value for each class. */
export interface Classifier {
  /** Name of the layer with the weights, or of its value where it has none. */
  readonly name: string;
  /** The value that it takes: what the backbone ends with. */
  readonly input: string;
  /** The graph's output that it leads to. */
  readonly output: string;
  readonly classes: number;
}

/** What may stand between the classifier and the output. */
const shapeOps = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout', 'Cast']);
/** Between an SVM's scores and the softmax: the logarithm of a sigmoid, as linear/head.ts writes it. */
const sigmoidOps = new Set(['Neg', 'Softplus']);
const probabilityOps = new Set(['Softmax', 'LogSoftmax', 'Sigmoid']);
/** And where the classifier is a convolution that is averaged afterwards (Network in Network, SqueezeNet). */
const averagingOps = new Set(['Relu', 'GlobalAveragePool', 'AveragePool', 'ReduceMean']);

/** Class counts of ImageNet, without and with a background class. */
const imageNetClasses = [1000, 1001];

/**
 * Recognises the classifier at the end of a network: the last layer with weights, where it gives one value a class and
 * nothing but reshaping and a softmax (or sigmoid) follows. A 1×1 convolution with a ReLU and an average over the image after it
 * counts only with a softmax at the end or as many classes as ImageNet has: otherwise it could as well be the end of a
 * backbone.
 *
 * @returns the classifier, for several outputs the one that comes last in the network; undefined for a headless trunk
 */
export function findClassifier(graph: Graph, values: Values): Classifier | undefined {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const order = new Map(graph.nodes.map((node, i) => [node, i]));
  const found = graph.outputs.flatMap(({ name }) => classifierBefore(graph, values, makers, name) ?? []);
  const place = ({ layer }: Found): number => order.get(layer)!;
  const last = found.toSorted((a, b) => place(a) - place(b)).at(-1);
  return last?.classifier;
}

interface Found {
  readonly layer: Node;
  readonly classifier: Classifier;
}

function classifierBefore(
  graph: Graph,
  values: Values,
  makers: ReadonlyMap<string, Node>,
  output: string,
): Found | undefined {
  let hasProbabilities = false;
  let isAveraged = false;
  let value = output;
  for (;;) {
    const node = makers.get(value);
    if (!node) return undefined;
    if (isWeightLayer(graph, node)) {
      const classes = classCount(values, node, isAveraged);
      if (classes === undefined) return undefined;
      if (isAveraged && !hasProbabilities && !imageNetClasses.includes(classes)) return undefined;
      const input = node.inputs.find((name) => !graph.initializers.has(name))!;
      return { layer: node, classifier: { name: node.name || node.outputs[0], input, output, classes } };
    }
    if (probabilityOps.has(node.op)) hasProbabilities = true;
    else if (averagingOps.has(node.op)) isAveraged = true;
    else if (!shapeOps.has(node.op) && !(hasProbabilities && sigmoidOps.has(node.op)) && !isBias(graph, makers, node))
      return undefined;
    value = node.inputs.find((name) => !graph.initializers.has(name)) ?? '';
  }
}

/** The addition of a constant to a matrix product. */
function isBias(graph: Graph, makers: ReadonlyMap<string, Node>, node: Node): boolean {
  if (node.op !== 'Add') return false;
  const [added] = node.inputs.filter((name) => !graph.initializers.has(name));
  return node.inputs.some((name) => graph.initializers.has(name)) && makers.get(added)?.op === 'MatMul';
}

/** One value a class: a vector, or an image of one pixel, or (averaged later) any image from a 1×1 convolution. */
function classCount(values: Values, node: Node, isAveraged: boolean): number | undefined {
  const [, classes, ...sides] = values.get(node.outputs[0])?.shape ?? [];
  if (typeof classes !== 'number' || sides.length === 1) return undefined;
  const isPointwise =
    values
      .get(node.inputs[1])
      ?.shape.slice(2)
      .every((side) => side === 1) === true;
  const isOnePixel = sides.every((side) => side === 1);
  return isOnePixel || (isAveraged && isPointwise) ? classes : undefined;
}
