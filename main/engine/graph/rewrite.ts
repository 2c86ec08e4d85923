import type { NodeContext } from '../ops/operator.ts';
import type { Value } from '../ops/value.ts';
import { Environment } from './environment.ts';
import type { Attribute, Dimension, Model, Node, Tensor } from './types.ts';

/** Where a pass puts the nodes of the new graph, one after the other, while shapes are inferred along the way. */
export class Rewriter {
  readonly #environment: Environment;
  readonly #nodes: Node[] = [];
  readonly #initializers: Map<string, Tensor>;
  readonly #taken: Set<string>;
  readonly #used: Set<string>;
  readonly #aliases = new Map<string, string>();

  constructor({ graph }: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>>) {
    this.#environment = new Environment(graph, inputShapes);
    this.#initializers = new Map(graph.initializers);
    this.#used = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map(({ name }) => name)]);
    this.#taken = new Set([
      ...this.#used,
      ...graph.inputs.map(({ name }) => name),
      ...graph.initializers.keys(),
      ...graph.nodes.flatMap((node) => [node.name, ...node.outputs]),
    ]);
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get initializers(): ReadonlyMap<string, Tensor> {
    return this.#initializers;
  }

  /** Whether a value of the old graph is taken by a node or is an output. */
  isUsed(name: string): boolean {
    return this.#used.has(name);
  }

  /** A node of the old graph, its inputs named as in the new one, with what is known of them. */
  context(node: Node): NodeContext {
    return this.#environment.context({ ...node, inputs: node.inputs.map((name) => this.#aliases.get(name) ?? name) });
  }

  /** What is known of a value that was put into the new graph. */
  value(name: string): Value {
    return this.#environment.values.get(name)!;
  }

  /** A new constant; returns its name. */
  constant(tensor: Tensor, hint: string): string {
    const name = this.#freshName(hint);
    this.setConstant(name, tensor);
    return name;
  }

  /** Makes a value of the old graph a constant of the new one. */
  setConstant(name: string, tensor: Tensor): void {
    this.#initializers.set(name, tensor);
    this.#environment.define(name, tensor);
  }

  /** From here on, `by` stands for `name`. */
  replace(name: string, by: string): void {
    this.#aliases.set(name, by);
  }

  /** Puts a node into the new graph. One whose inputs are all constant is computed instead, where it can be. */
  put(node: Node): void {
    this.#environment.infer(node);
    if (node.inputs.every((name) => name === '' || this.#initializers.has(name)) && this.#becomeConstants(node)) return;
    this.#nodes.push(node);
  }

  /** As `put`, and computes the outputs also where only the sizes of their inputs are needed for it. */
  putFolded(node: Node): void {
    this.#environment.infer(node);
    if (!this.#becomeConstants(node)) this.#nodes.push(node);
  }

  /** Puts a new node with one output and returns the output's name: `output`, or one made up. */
  add(
    near: Node,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output?: string,
  ): string {
    const name = this.#freshName(`${near.name || (near.outputs[0] ?? near.op)}_${op}`);
    const made = output ?? this.#freshName(`${name}_out`);
    this.put({ op, domain: '', name, inputs, outputs: [made], attributes });
    return made;
  }

  #becomeConstants(node: Node): boolean {
    const outputs = node.outputs.filter((name) => name !== '');
    const constants = outputs.flatMap((name) => this.value(name).constant ?? []);
    if (constants.length < outputs.length) return false;
    outputs.forEach((name, i) => this.setConstant(name, constants[i]));
    return true;
  }

  #freshName(hint: string): string {
    let name = hint;
    for (let count = 1; this.#taken.has(name); count++) name = `${hint}_${count}`;
    this.#taken.add(name);
    return name;
  }
}

/** What a pass does with a node: puts it, puts others in its place, or replaces its outputs. */
export type Rule = (context: NodeContext, to: Rewriter) => void;

/**
 * Walks the nodes in order and gives the graph that the rule makes of them.
 *
 * @param inputShapes as for inferShapes
 */
export function rewrite(model: Model, inputShapes: Readonly<Record<string, readonly Dimension[]>>, rule: Rule): Model {
  const to = new Rewriter(model, inputShapes);
  for (const node of model.graph.nodes) rule(to.context(node), to);
  return { ...model, graph: { ...model.graph, nodes: to.nodes, initializers: to.initializers } };
}
