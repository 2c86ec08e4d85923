import { EngineError } from '../errors.ts';
import { OPSET } from './types.ts';
import type { Attribute, DataType, Dimension, Graph, Model, Node, Tensor, ValueInfo } from './types.ts';

export interface AddOptions {
  /** The node's name; made from the operator's when absent. */
  readonly name?: string;
  /** Names for the outputs, or how many there are. One, named after the node, when absent. */
  readonly outputs?: number | readonly string[];
  /** The standard operator set when absent. */
  readonly domain?: string;
}

/**
 * Assembles a graph node by node. Names are made up where none are given and never clash; nodes are kept in the order
 * in which they are added, which must be topological (checkModel says where it is not).
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #taken = new Set<string>();
  readonly #counters = new Map<string, number>();

  /** @param from a graph to go on from; its name, inputs, outputs, nodes and initializers are taken over */
  constructor(from: string | Graph = 'network') {
    if (typeof from === 'string') {
      this.#name = from;
      return;
    }
    this.#name = from.name;
    this.#inputs.push(...from.inputs);
    this.#outputs.push(...from.outputs);
    this.#nodes.push(...from.nodes);
    for (const [name, value] of from.initializers) this.#initializers.set(name, value);
    for (const name of [...from.inputs.map((i) => i.name), ...from.initializers.keys()]) this.#taken.add(name);
    for (const node of from.nodes) for (const name of [node.name, ...node.outputs]) this.#taken.add(name);
  }

  /** A name that is not in use, `hint` itself where it is free; it is taken from then on. */
  freshName(hint: string): string {
    let name = hint;
    let count = this.#counters.get(hint) ?? 0;
    while (name === '' || this.#taken.has(name)) name = `${hint}_${++count}`;
    this.#counters.set(hint, count);
    this.#taken.add(name);
    return name;
  }

  /** Declares an input of the graph and returns its name. */
  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.#claim(name);
    this.#inputs.push({ name, type, shape });
    return name;
  }

  /** Declares a value that was added as an output of the graph. */
  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.#outputs.push({ name, type, shape });
  }

  /** Stores a tensor in the graph and returns its name: `hint`, or one made from it. */
  constant(tensor: Tensor, hint = 'constant'): string {
    const name = this.freshName(hint);
    this.#initializers.set(name, tensor);
    return name;
  }

  /**
   * Adds a node and returns the name of its first output.
   *
   * @param inputs names of values; an empty string leaves an optional input out
   */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: AddOptions = {},
  ): string {
    return this.addAll(op, inputs, attributes, options)[0];
  }

  /** As `add`, and returns the names of all outputs. */
  addAll(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: AddOptions = {},
  ): string[] {
    const name = options.name ?? this.freshName(op);
    let outputs: string[];
    if (typeof options.outputs === 'object') {
      outputs = [...options.outputs];
      for (const output of outputs) if (output !== '') this.#claim(output);
    } else {
      const count = options.outputs ?? 1;
      outputs = Array.from({ length: count }, (_, i) => this.freshName(`${name}_${count === 1 ? 'out' : `out${i}`}`));
    }
    this.#nodes.push({
      op,
      domain: options.domain ?? '',
      name,
      inputs: [...inputs],
      outputs,
      attributes: { ...attributes },
    });
    return outputs;
  }

  /** The graph so far. Not checked: see checkModel. */
  build(options: { producer?: string; metadata?: Readonly<Record<string, string>> } = {}): Model {
    return {
      graph: {
        name: this.#name,
        inputs: [...this.#inputs],
        outputs: [...this.#outputs],
        nodes: [...this.#nodes],
        initializers: new Map(this.#initializers),
      },
      opset: OPSET,
      producer: options.producer ?? 'Parfocal',
      metadata: options.metadata ?? {},
    };
  }

  #claim(name: string): void {
    if (name === '' || this.#taken.has(name)) throw new EngineError(`The name "${name}" is already used in the graph.`);
    this.#taken.add(name);
  }
}
