import { EngineError } from '../errors.ts';
import { operators } from '../ops/table.ts';
import { describeNode } from './attributes.ts';
import type { AttributeKind } from './attributes.ts';
import { elementCount, formatShape } from './tensors.ts';
import { OPSET } from './types.ts';
import type { Graph, Model, Node } from './types.ts';

/**
 * Checks that a model is well formed: no two nodes have one name, every value is made once and before it is used (so there is no cycle), outputs
 * exist, tensors are as long as their shapes say, and operators that the engine knows have inputs, outputs and attributes of
 * the right number and kind. To be called after every pass.
 *
 * @throws EngineError that names the node or value
 */
export function checkModel(model: Model): void {
  const { graph } = model;
  for (const [name, tensor] of graph.initializers)
    if (tensor.data.length !== elementCount(tensor.shape))
      throw new EngineError(
        `The constant "${name}" has ${tensor.data.length} values, which do not fill its shape ${formatShape(tensor.shape)}.`,
      );
  const defined = new Set<string>(graph.initializers.keys());
  for (const input of graph.inputs) {
    if (defined.has(input.name)) throw new EngineError(`The input "${input.name}" is defined twice.`);
    defined.add(input.name);
  }
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (node.name !== '' && names.has(node.name)) throw new EngineError(`Two nodes are called "${node.name}".`);
    names.add(node.name);
    for (const input of node.inputs)
      if (input !== '' && !defined.has(input)) throw new EngineError(whyUndefined(graph, node, input));
    for (const output of node.outputs) {
      if (output === '') continue;
      if (defined.has(output)) throw new EngineError(`${describeNode(node)} makes "${output}", which exists already.`);
      defined.add(output);
    }
    if (model.opset === OPSET) checkAgainstTable(node);
  }
  if (graph.outputs.length === 0) throw new EngineError(`The network "${graph.name}" has no output.`);
  for (const output of graph.outputs)
    if (!defined.has(output.name)) throw new EngineError(`The output "${output.name}" is made by no node.`);
}

function whyUndefined(graph: Graph, node: Node, input: string): string {
  const maker = graph.nodes.find((other) => other.outputs.includes(input));
  if (!maker) return `${describeNode(node)} takes "${input}", which nothing in the network makes.`;
  return `${describeNode(node)} takes "${input}", which is made only later, by ${describeNode(maker)}.`;
}

function checkAgainstTable(node: Node): void {
  const operator = node.domain === '' ? operators.get(node.op) : undefined;
  if (!operator) return;
  checkCount(node, 'inputs', operator.inputs);
  checkCount(node, 'outputs', operator.outputs);
  for (const [name, { kind }] of Object.entries(node.attributes)) {
    const expected = (operator.attributes as Partial<Record<string, AttributeKind>>)[name];
    if (!expected)
      throw new EngineError(`${describeNode(node)} has an attribute ${name}, which its operator does not know.`);
    if (expected !== kind)
      throw new EngineError(
        `${describeNode(node)}: the attribute ${name} must be of kind ${expected} but is of kind ${kind}.`,
      );
  }
}

function checkCount(node: Node, what: 'inputs' | 'outputs', [least, most]: readonly [number, number]): void {
  const count = node[what].length;
  const given = node[what].slice(0, least);
  if (count > most || count < least || given.includes(''))
    throw new EngineError(
      `${describeNode(node)} has ${count} ${what}; it must have ${least === most ? least : `${least} to ${most}`}.`,
    );
}
