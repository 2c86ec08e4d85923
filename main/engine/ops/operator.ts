import { EngineError } from '../errors.ts';
import { describeNode } from '../graph/attributes.ts';
import type { AttributeKind } from '../graph/attributes.ts';
import { allNumbers } from '../graph/dimensions.ts';
import { formatShape } from '../graph/tensors.ts';
import type { DataType, Dimension, Node } from '../graph/types.ts';
import { numbersOf } from './value.ts';
import type { Value } from './value.ts';

/** A node together with what is known of its inputs. */
export class NodeContext {
  readonly node: Node;
  /** One for each input of the node; undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];

  constructor(node: Node, inputs: readonly (Value | undefined)[]) {
    this.node = node;
    this.inputs = inputs;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  /** @throws EngineError when the input is left out */
  input(index: number): Value {
    return this.inputs[index] ?? this.fail(`input ${index} is missing`);
  }

  shape(index: number): readonly Dimension[] {
    return this.input(index).shape;
  }

  type(index: number): DataType {
    return this.input(index).type;
  }

  /** The shape of an input, all of whose dimensions from `axis` on must be numbers: `[3, 224, 224]` from axis 1. */
  sizes(index: number, axis: number): readonly number[] {
    const sizes = allNumbers(this.shape(index).slice(axis));
    return sizes ?? this.fail(`the size of input ${index} must be known, but for the batch`);
  }

  /** The numbers in a constant input such as axes or pads; undefined when it is left out. */
  numbers(index: number, what: string): readonly number[] | undefined {
    const value = this.inputs[index];
    if (!value) return undefined;
    return numbersOf(value) ?? this.fail(`its ${what} must be constant, but are computed from the data or the batch`);
  }

  /** An axis between 0 and `rank - 1`; negative ones count from the end. */
  axis(axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (positive < 0 || positive >= rank) this.fail(`there is no axis ${axis} in ${rank} dimensions`);
    return positive;
  }

  /** The common type of the inputs. */
  commonType(indices: readonly number[] = this.inputs.map((_, i) => i)): DataType {
    const types = new Set(indices.map((index) => this.type(index)));
    if (types.size > 1) this.fail(`its inputs are of different types (${[...types].join(', ')})`);
    return this.type(indices[0]);
  }

  /** @throws EngineError that names the node, its input shapes and the reason */
  fail(reason: string): never {
    const shapes = this.inputs.map((input) => (input ? formatShape(input.shape) : 'none')).join(', ');
    throw new EngineError(`${describeNode(this.node)} with input ${shapes}: ${reason}.`);
  }
}

/** Everything that the engine knows about an operator at OPSET. One entry each in the table (table.ts). */
export interface Operator {
  /** How many inputs it takes, at least and at most. */
  readonly inputs: readonly [number, number];
  /** How many outputs it gives, at least and at most. */
  readonly outputs: readonly [number, number];
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /**
   * Types and shapes of the outputs, and the outputs themselves where the inputs are constant and the operator is one that
   * shapes and weights are prepared with.
   *
   * @throws EngineError when the inputs do not fit
   */
  infer(context: NodeContext): Value[];
  /**
   * Multiply-adds for one item (a named dimension counts as one). Only the operators that multiply by weights or tokens
   * count, as is usual in the field; absent for the others.
   */
  multiplyAdds?(context: NodeContext, outputs: readonly Value[]): number;
}

export type OperatorTable = Readonly<Record<string, Operator>>;

/** For operators that take any number of inputs or give any number of outputs. */
export const MANY = Number.POSITIVE_INFINITY;
