import { EngineError } from '../errors.ts';
import { describeNode } from '../graph/attributes.ts';
import type { AttributeKind } from '../graph/attributes.ts';
import { formatShape } from '../graph/tensors.ts';
import type { DataType, Dimension, Node, Tensor } from '../graph/types.ts';

/** What is known of a value before the graph runs. */
export interface Value {
  readonly type: DataType;
  readonly shape: readonly Dimension[];
  /** The value itself, where it is a constant of the graph. */
  readonly constant?: Tensor;
  /**
   * The elements of a small vector or scalar of whole numbers, where they are known but for named dimensions: what
   * `Shape` of `[N, 3, 224, 224]` gives. Row-major.
   */
  readonly elements?: readonly Dimension[];
}

/** A node together with what is known of its inputs. */
export class NodeContext {
  readonly node: Node;
  /** One for each input of the node; undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];

  constructor(node: Node, inputs: readonly (Value | undefined)[]) {
    this.node = node;
    this.inputs = inputs;
  }

  /** @throws EngineError when the input is left out */
  input(index: number): Value {
    return this.inputs[index] ?? this.fail(`input ${index} is missing`);
  }

  shape(index: number): readonly Dimension[] {
    return this.input(index).shape;
  }

  /** @throws EngineError that names the node, its input shapes and the reason */
  fail(reason: string): never {
    const shapes = this.inputs.map((input) => (input ? formatShape(input.shape) : 'none')).join(', ');
    throw new EngineError(`${describeNode(this.node)}, inputs ${shapes}: ${reason}.`);
  }
}

/** Everything that the engine knows about an operator at OPSET. One table entry each, in table.ts. */
export interface Operator {
  /** How many inputs it takes, at least and at most. */
  readonly inputs: readonly [number, number];
  /** How many outputs it gives, at least and at most. */
  readonly outputs: readonly [number, number];
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** Types and shapes of the outputs (and their elements, for the operators that shapes are computed with). */
  infer(context: NodeContext): Value[];
  /**
   * Multiply-adds for one item (a named dimension counts as one). Absent where an operator multiplies nothing worth
   * counting, as is usual: elementwise operators and pooling count as none.
   */
  multiplyAdds?(context: NodeContext, outputs: readonly Value[]): number;
}
