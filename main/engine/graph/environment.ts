import { EngineError } from '../errors.ts';
import { NodeContext } from '../ops/operator.ts';
import { operators } from '../ops/table.ts';
import { valueOfTensor } from '../ops/value.ts';
import type { Value } from '../ops/value.ts';
import { describeNode } from './attributes.ts';
import { whyUnsupported } from './unsupported.ts';
import type { Dimension, Graph, Node, Tensor } from './types.ts';

/** What is known of the values of a graph at OPSET, as a walk over its nodes goes on. */
export class Environment {
  readonly values = new Map<string, Value>();

  /**
   * @param inputShapes shapes for the graph's inputs by name; as the graph declares them where left out
   * @throws EngineError when a shape is given for an input that is not there
   */
  constructor(graph: Graph, inputShapes: Readonly<Record<string, readonly Dimension[]>>) {
    for (const name of Object.keys(inputShapes))
      if (!graph.inputs.some((input) => input.name === name))
        throw new EngineError(
          `The network has no input "${name}"; its inputs are: ${graph.inputs.map((input) => input.name).join(', ')}.`,
        );
    for (const [name, tensor] of graph.initializers) this.define(name, tensor);
    for (const { name, type, shape } of graph.inputs)
      this.values.set(name, { type, shape: (inputShapes as Partial<typeof inputShapes>)[name] ?? shape });
  }

  define(name: string, tensor: Tensor): void {
    this.values.set(name, valueOfTensor(tensor));
  }

  /** The node with what is known of its inputs. */
  context(node: Node): NodeContext {
    const inputs = node.inputs.map((name) => {
      if (name === '') return undefined;
      const value = this.values.get(name);
      if (!value) throw new EngineError(`${describeNode(node)} takes "${name}", which nothing before it makes.`);
      return value;
    });
    return new NodeContext(node, inputs);
  }

  /**
   * Works out the outputs of the next node.
   *
   * @throws EngineError that names the node, its input shapes and the reason
   */
  infer(node: Node): void {
    const operator = node.domain === '' ? operators.get(node.op) : undefined;
    if (!operator) throw new EngineError(whyUnsupported(node));
    const outputs = operator.infer(this.context(node));
    node.outputs.forEach((name, i) => {
      if (name !== '') this.values.set(name, outputs[i]);
    });
  }
}
