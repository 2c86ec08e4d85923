import { allNumbers } from '../graph/dimensions.ts';
import type { Node } from '../graph/types.ts';
import { NodeContext } from '../ops/operator.ts';
import type { Value } from '../ops/value.ts';
import type { Expression } from './expressions.ts';

/** A node whose gradient is wanted: what is known of its inputs and outputs, all sizes numbers, the batch's included. */
export class GradientContext extends NodeContext {
  /** One for each output of the node. */
  readonly outputs: readonly Value[];
  /** The gradient of the loss by each output, of that output's shape; undefined where the loss does not depend on it. */
  readonly gradients: readonly (string | undefined)[];
  readonly #wanted: ReadonlySet<number>;

  constructor(
    node: Node,
    inputs: readonly (Value | undefined)[],
    outputs: readonly Value[],
    gradients: readonly (string | undefined)[],
    wanted: ReadonlySet<number>,
  ) {
    super(node, inputs);
    this.outputs = outputs;
    this.gradients = gradients;
    this.#wanted = wanted;
  }

  /** Whether the gradient by an input is wanted; a rule may leave out the others. */
  wants(index: number): boolean {
    return this.#wanted.has(index);
  }

  /** The name of an input. */
  x(index: number): string {
    return this.node.inputs[index];
  }

  /** The name of an output. */
  y(index = 0): string {
    return this.node.outputs[index];
  }

  /** The gradient by the first output. */
  get dy(): string {
    return this.gradients[0] ?? this.fail('the loss does not depend on its first output');
  }

  /** The shape of an input. */
  dims(index: number): readonly number[] {
    return this.sizes(index, 0);
  }

  /** The shape of an output. */
  outputDims(index = 0): readonly number[] {
    return allNumbers(this.outputs[index].shape) ?? this.fail('the size of its output must be known');
  }
}

/**
 * The gradient of the loss by each input, given that by each output: an expression of the input's shape, or undefined for an
 * input that has none or whose gradient is not wanted. A rule changes nothing.
 *
 * @throws EngineError for settings of the operator under which there is no rule
 */
export type GradientRule = (context: GradientContext) => readonly (Expression | undefined)[];

/**
 * What is known of an operator's gradient: its rule; `'none'` where the output does not change with the inputs, or only in
 * steps, so that nothing passes; or why there is no rule, for the person.
 */
export type Gradient = GradientRule | 'none' | { readonly missing: string };

/** The gradients of a family of operators: one for each, or the compiler complains. */
export type GradientsOf<Family> = { readonly [Name in keyof Family]: Gradient };
