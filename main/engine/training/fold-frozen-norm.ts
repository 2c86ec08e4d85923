import { floatOf, intOf } from '../graph/attributes.ts';
import type { NodeContext } from '../ops/operator.ts';
import { rewrite } from '../graph/rewrite.ts';
import type { Rewriter } from '../graph/rewrite.ts';
import { createTensor, int64s } from '../graph/tensors.ts';
import type { Graph, Model, Node, Tensor } from '../graph/types.ts';

/**
 * Takes every BatchNormalization with running statistics into the convolution before it, where nothing else takes what lies between. With
 * s = γ/√(σ² + ε), the convolution gets the weights W·s and the bias β − μ·s (+ b·s), computed in the graph: γ, β and W stay what they
 * were and are trained as before, with exactly the same gradients, but no pass over the activations is left for the normalisation,
 * neither forward nor backward.
 *
 * @param model at OPSET; a BatchNormalization stays where its statistics are not constants
 */
export function foldFrozenNorm(model: Model): Model {
  const norms = normsByConvolution(model.graph);
  const folded = new Set([...norms.values()].map(({ outputs }) => outputs[0]));
  return rewrite(model, {}, (context, to) => {
    const { node } = context;
    const norm = norms.get(node.outputs[0]);
    if (norm) {
      addFolded(context, norm, model.graph.initializers, to);
      to.replace(node.outputs[0], norm.outputs[0]);
    } else if (!folded.has(node.outputs[0])) to.put(node);
  });
}

/** The BatchNormalization that a convolution can take in, by the name of the convolution's output. */
function normsByConvolution(graph: Graph): ReadonlyMap<string, Node> {
  const uses = new Map<string, number>();
  const names = [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ name }) => name)];
  for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
  const given = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)]);
  const convolutions = new Map<string, Node>();
  const norms = new Map<string, Node>();
  for (const node of graph.nodes) {
    if (node.op === 'Conv' && uses.get(node.outputs[0]) === 1) convolutions.set(node.outputs[0], node);
    const convolution = node.op === 'BatchNormalization' ? convolutions.get(node.inputs[0]) : undefined;
    if (!convolution || intOf(node, 'training_mode', 0) !== 0 || node.outputs.length > 1) continue;
    if (
      node.inputs.slice(1).every((name) => given.has(name)) &&
      node.inputs.slice(3).every((name) => graph.initializers.has(name))
    )
      norms.set(convolution.outputs[0], node);
  }
  return norms;
}

function addFolded(convolution: NodeContext, norm: Node, constants: ReadonlyMap<string, Tensor>, to: Rewriter): void {
  const { node } = convolution;
  const [x, weights, bias] = node.inputs;
  const [, gamma, beta, mean, variance] = norm.inputs;
  const epsilon = floatOf(norm, 'epsilon', 1e-5);
  const { shape, data } = constants.get(variance)!;
  const inverse = createTensor(
    'float32',
    shape,
    Float32Array.from(data as Float32Array, (v) => 1 / Math.sqrt(v + epsilon)),
  );
  const scale = to.add(norm, 'Mul', [gamma, to.constant(inverse, `${norm.name}_inverse`)]);
  const perFilter = to.constant(
    int64s([
      shape[0],
      ...convolution
        .shape(1)
        .slice(1)
        .map(() => 1),
    ]),
    `${norm.name}_shape`,
  );
  const scaled = to.add(norm, 'Mul', [weights, to.add(norm, 'Reshape', [scale, perFilter])]);
  const shift = to.add(norm, 'Sub', [beta, to.add(norm, 'Mul', [mean, scale])]);
  const shifted = bias ? to.add(norm, 'Add', [shift, to.add(norm, 'Mul', [bias, scale])]) : shift;
  to.put({ ...node, inputs: [x, scaled, shifted], outputs: norm.outputs });
}
