import { EngineError } from '../errors.ts';
import { describeNode } from '../graph/attributes.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { isFloat } from '../graph/tensors.ts';
import type { Node } from '../graph/types.ts';
import type { Value } from '../ops/value.ts';
import { add } from './expressions.ts';
import type { Expression } from './expressions.ts';
import { GradientContext } from './rule.ts';
import type { Gradient, GradientRule } from './rule.ts';
import { gradients } from './table.ts';
import { ExpressionWriter } from './write.ts';

export interface BackwardRequest {
  /** Of the forward graph, in topological order. */
  readonly nodes: readonly Node[];
  /** What is known of every value of the forward graph: type, and shape in numbers. */
  readonly values: ReadonlyMap<string, Value>;
  /** The value that is differentiated, a scalar. */
  readonly loss: string;
  /** The values that it is differentiated by: trainable parameters, mostly. */
  readonly by: readonly string[];
}

/**
 * Adds the backward pass to a graph: reverse-mode differentiation, node by node from the loss back. It knows no operator: what a
 * node does to a gradient is in the table.
 *
 * @param builder holds the forward graph; the backward nodes are added behind it
 * @returns the name of the gradient by each value of `by`, of that value's shape; none for a value that the loss does not depend on
 * @throws EngineError that names a node on the way that has no gradient, and why
 */
export function addGradients(builder: GraphBuilder, request: BackwardRequest): Map<string, string> {
  const { nodes, values, loss, by } = request;
  const writer = new ExpressionWriter(builder);
  const dependent = dependents(nodes, values, by);
  const parts = new Map<string, string[]>([
    [loss, [writer.write({ type: 'float32', shape: [], data: Float32Array.of(1) })]],
  ]);
  /** The gradient by a value: the sum of what came from each node that takes it. Complete once all of these were visited. */
  const gradientOf = (name: string): string | undefined => {
    const sums = parts.get(name);
    if (!sums) return undefined;
    // Two at a time: Sum, which takes any number, does not run on WebGPU.
    const sum = writer.write(sums.slice(1).reduce<Expression>(add, sums[0]));
    parts.set(name, [sum]);
    return sum;
  };

  for (const node of nodes.toReversed()) {
    if (!node.inputs.some((input) => dependent.has(input))) continue;
    const own = node.outputs.map((output) => (output === '' ? undefined : gradientOf(output)));
    if (own.every((gradient) => gradient === undefined)) continue;
    const rule = ruleOf(node);
    if (!rule) continue;
    const wanted = new Set(node.inputs.flatMap((input, index) => (dependent.has(input) ? [index] : [])));
    const context = new GradientContext(
      node,
      node.inputs.map((input) => (input === '' ? undefined : values.get(input))),
      node.outputs.map((output) => values.get(output)!),
      own,
      wanted,
    );
    const answers = rule(context);
    for (const index of wanted) {
      const answer = answers[index];
      if (answer === undefined) continue;
      const name = node.inputs[index];
      const list = parts.get(name);
      if (list) list.push(writer.write(answer));
      else parts.set(name, [writer.write(answer)]);
    }
  }
  return new Map(
    by.flatMap((name) => {
      const gradient = gradientOf(name);
      return gradient === undefined ? [] : [[name, gradient] as const];
    }),
  );
}

/** The values that change smoothly with one of `by`, these included. */
function dependents(nodes: readonly Node[], values: ReadonlyMap<string, Value>, by: readonly string[]): Set<string> {
  const dependent = new Set(by);
  for (const node of nodes) {
    if (!node.inputs.some((input) => dependent.has(input)) || gradientTable[node.op] === 'none') continue;
    for (const output of node.outputs)
      if (output !== '' && isFloat(values.get(output)?.type ?? 'float32')) dependent.add(output);
  }
  return dependent;
}

/** By any name, since a node may hold one that is in no table. */
const gradientTable: Readonly<Partial<Record<string, Gradient>>> = gradients;

/** @throws EngineError when the operator's gradient is missing */
function ruleOf(node: Node): GradientRule | undefined {
  const gradient = node.domain === '' ? gradientTable[node.op] : undefined;
  if (gradient === 'none') return undefined;
  if (typeof gradient === 'function') return gradient;
  throw new EngineError(
    `${describeNode(node)} cannot be trained: ${gradient?.missing ?? 'its operator is not known'}.`,
  );
}

/** The last node that a gradient cannot pass, and why; undefined where it passes them all. */
export function lastWithoutGradient(nodes: readonly Node[]): { node: Node; reason: string } | undefined {
  const node = nodes.findLast(({ op, domain }) => {
    const gradient = domain === '' ? gradientTable[op] : undefined;
    return gradient === undefined || typeof gradient === 'object';
  });
  if (!node) return undefined;
  const gradient = gradientTable[node.op];
  return { node, reason: typeof gradient === 'object' ? gradient.missing : 'its operator is not known' };
}
