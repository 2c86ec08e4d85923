import { convolutionWindow, transposedWindow } from '../ops/convolution.ts';
import { reshapeTarget, squeezedAxes } from '../ops/layout.ts';
import type { NodeContext } from '../ops/operator.ts';
import { poolingWindow } from '../ops/pooling.ts';
import { elementsOf } from '../ops/value.ts';
import type { Window } from '../ops/windows.ts';
import { ints, stringOf, withAttributes } from './attributes.ts';
import { BATCH, resizedSpatially } from './batch.ts';
import { allNumbers, sameShape } from './dimensions.ts';
import { rewrite } from './rewrite.ts';
import type { Rewriter } from './rewrite.ts';
import { codeOfType, int64s } from './tensors.ts';
import type { Dimension, Model, Node } from './types.ts';

/**
 * Computes everything that depends on the input's size alone: the subgraphs that exporters write to find the target of a Reshape,
 * automatic padding, prepared weights. Takes out nodes that do nothing or that nothing depends on. The batch stays open.
 *
 * @param inputShapes as for inferShapes, the batch a name
 */
export function foldModel(model: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>>): Model {
  const outputs = new Set(model.graph.outputs.map(({ name }) => name));
  const folded = rewrite(model, inputShapes, (context, to) => {
    const { node } = context;
    const [output] = node.outputs;
    if (!doesNothing(context)) to.putFolded(settled(context, to));
    // The name of the network's output is part of its interface.
    else if (outputs.has(output)) to.put({ ...node, op: 'Identity', inputs: [node.inputs[0]], attributes: {} });
    else to.replace(output, node.inputs[0]);
  });
  return withoutUnused(folded);
}

/** Whether the output is the first input as it is. */
function doesNothing(context: NodeContext): boolean {
  const { node } = context;
  switch (node.op) {
    case 'Identity':
      return true;
    case 'Concat':
      return node.inputs.length === 1;
    case 'Cast': {
      const to = node.attributes.to;
      return to.kind === 'int' && to.value === codeOfType(context.type(0));
    }
    case 'Reshape':
      return sameShape(reshapeTarget(context), context.shape(0));
    case 'Squeeze':
      return squeezedAxes(context).length === 0;
    default:
      return false;
  }
}

/** The node with everything written out that follows from its input shapes. */
function settled(context: NodeContext, to: Rewriter): Node {
  const { node } = context;
  switch (node.op) {
    case 'Conv':
      return withExplicitPads(node, () => convolutionWindow(context));
    case 'ConvTranspose':
      return withExplicitPads(node, () => transposedWindow(context));
    case 'MaxPool':
    case 'AveragePool':
      return withExplicitPads(node, () => poolingWindow(context));
    case 'Squeeze':
      return withConstantList(context, to, squeezedAxes(context), 'axes');
    case 'Reshape': {
      const target = context.input(0).constant ? undefined : constantTarget(context);
      const plain = withAttributes(node, { allowzero: undefined });
      return target ? { ...plain, inputs: withConstantList(context, to, target, 'shape').inputs } : node;
    }
    case 'Resize': {
      const sizes = context.has(3) ? elementsOf(context.input(3)) : undefined;
      const batchOnly = sizes?.[0] === BATCH && context.shape(0)[0] === BATCH && !('axes' in node.attributes);
      return batchOnly && allNumbers(sizes.slice(1)) ? resizedSpatially(node, to, sizes) : node;
    }
    default:
      return node;
  }
}

/** The node with a list of whole numbers as its second input; as it is where it has that list already. */
function withConstantList(context: NodeContext, to: Rewriter, list: readonly number[], what: string): Node {
  const { node } = context;
  const given = context.has(1) && context.input(1).constant ? elementsOf(context.input(1)) : undefined;
  if (given && sameShape(given, list)) return node;
  return { ...node, inputs: [node.inputs[0], to.constant(int64s(list), `${node.outputs[0]}_${what}`)] };
}

function withExplicitPads(node: Node, resolve: () => Window): Node {
  if (stringOf(node, 'auto_pad', 'NOTSET') === 'NOTSET' && !('output_shape' in node.attributes))
    return withAttributes(node, { auto_pad: undefined });
  return withAttributes(node, { auto_pad: undefined, output_shape: undefined, pads: ints(resolve().pads) });
}

/**
 * The target of a Reshape as a constant: a name that stays in its place is copied (0), one that does not is what is left
 * over (-1). Undefined where that does not say it all.
 */
function constantTarget(context: NodeContext): readonly number[] | undefined {
  const from = context.shape(0);
  const target = reshapeTarget(context).map((dimension, axis) => {
    if (typeof dimension === 'number') return dimension;
    return dimension === from[axis] ? 0 : -1;
  });
  const empty = reshapeTarget(context).includes(0);
  return empty || target.filter((dimension) => dimension === -1).length > 1 ? undefined : target;
}

/** The model without the nodes and constants that no output depends on. */
export function withoutUnused(model: Model): Model {
  const { graph } = model;
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    nodes.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  return { ...model, graph: { ...graph, nodes: nodes.reverse(), initializers } };
}
