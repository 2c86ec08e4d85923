import type { GraphBuilder } from '../graph/builder.ts';
import type { Tensor } from '../graph/types.ts';
import type { Expression, Operation } from './expressions.ts';

/** A constant that is longer is not compared with the others. */
const COMPARED = 64;

/** Adds expressions to a graph. Operations that were added before are not added again. */
export class ExpressionWriter {
  readonly #builder: GraphBuilder;
  readonly #written = new Map<Operation | Tensor, readonly string[]>();
  readonly #constants = new Map<string, string>();

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  /** Adds what is not there yet, and returns the name of the value. */
  write(expression: Expression): string {
    if (typeof expression === 'string') return expression;
    if ('data' in expression) return this.#constant(expression);
    if ('operation' in expression) return this.#operation(expression.operation)[expression.output];
    return this.#operation(expression)[0];
  }

  #operation(operation: Operation): readonly string[] {
    let names = this.#written.get(operation);
    if (names) return names;
    const inputs = operation.inputs.map((input) => (input === undefined ? '' : this.write(input)));
    names = this.#builder.addAll(operation.op, inputs, operation.attributes, { outputs: operation.outputs });
    this.#written.set(operation, names);
    return names;
  }

  #constant(tensor: Tensor): string {
    const known = this.#written.get(tensor);
    if (known) return known[0];
    const { type, shape, data } = tensor;
    const key =
      data.length <= COMPARED ? `${type} ${shape.join(',')} ${Array.from(data, String).join(',')}` : undefined;
    const name = (key && this.#constants.get(key)) ?? this.#builder.constant(tensor);
    if (key) this.#constants.set(key, name);
    this.#written.set(tensor, [name]);
    return name;
  }
}
