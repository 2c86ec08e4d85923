import { int, ints, intsOf } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { allNumbers } from '../graph/dimensions.ts';
import { inferShapes } from '../graph/shapes.ts';
import { codeOfType, elementCount, int64s } from '../graph/tensors.ts';
import type { Attribute, DataType, Model, Node } from '../graph/types.ts';
import { NodeContext } from '../ops/operator.ts';
import { numbersOf } from '../ops/value.ts';
import type { Value } from '../ops/value.ts';

/** Of ONNX Runtime's operators on the blocked layout. */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** A convolution on the blocked layout that is not written yet, since what follows may become part of it. */
export interface OpenConvolution {
  /** Input, weights and bias, the last one empty where there is none. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** A blocked value that is added to the result. */
  readonly sum?: string;
  readonly activation?: Readonly<Record<string, Attribute>>;
}

/** ReorderInput takes channels in whole fours. */
const REORDERED = 4;

/**
 * A graph that is being rewritten for the blocked layout. Every value exists in the plain layout, in the blocked one, or both; the other
 * form is made when a node first asks for it, and so is everything that only changes shape or layout.
 *
 * Blocked means: [N, C, …] is stored as [N, C / block, …, block], the channels filled up to a multiple of the block, and its shape is
 * given as if it were [N, C, …] still.
 */
export class BlockedGraph {
  readonly block: number;
  readonly #builder: GraphBuilder;
  readonly #values: ReadonlyMap<string, Value>;
  readonly #producers = new Map<string, Node>();
  readonly #uses = new Map<string, number>();
  readonly #plain: Set<string>;
  readonly #blocked = new Map<string, string>();
  readonly #open = new Map<string, OpenConvolution>();
  readonly #put = new Map<string, Node>();

  constructor({ graph, ...model }: Model, block: number) {
    this.block = block;
    this.#values = inferShapes({ graph, ...model });
    this.#builder = new GraphBuilder({ ...graph, nodes: [] });
    this.#plain = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.#producers.set(output, node);
      for (const input of node.inputs) this.#uses.set(input, (this.#uses.get(input) ?? 0) + 1);
    }
    // The network's outputs are used outside too.
    for (const { name } of graph.outputs) this.#uses.set(name, 2);
  }

  /** The shape of a value of the old graph, where all of it is known; a batch that is not counts as −1, as in a Reshape. */
  shape(name: string): readonly number[] | undefined {
    const shape = this.#values.get(name)?.shape;
    if (!shape) return undefined;
    return allNumbers(typeof shape[0] === 'string' ? [-1, ...shape.slice(1)] : shape);
  }

  type(name: string): DataType | undefined {
    return this.#values.get(name)?.type;
  }

  /** A node of the old graph with what is known of its inputs. */
  context(node: Node): NodeContext {
    return new NodeContext(
      node,
      node.inputs.map((input) => this.#values.get(input)),
    );
  }

  /** The numbers in a constant of the old graph. */
  numbers(name: string): readonly number[] | undefined {
    const value = this.#values.get(name);
    return value && numbersOf(value);
  }

  /** The node of the old graph that makes a value. */
  producer(name: string): Node | undefined {
    return this.#producers.get(name);
  }

  /** Whether one node alone takes a value. */
  isUsedOnce(name: string): boolean {
    return this.#uses.get(name) === 1;
  }

  /** A number of channels, filled up. */
  filled(channels: number): number {
    return Math.ceil(channels / this.block) * this.block;
  }

  /** Adds a node of the standard operators. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.#builder.add(op, inputs, attributes, { name: this.#builder.freshName(`blocked:${op}`) });
  }

  /** Adds a node of the operators on the blocked layout. */
  addBlocked(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string {
    const name = this.#builder.freshName(`blocked:${op}`);
    return this.#builder.add(op, inputs, attributes, { name, domain: BLOCKED_DOMAIN });
  }

  /** Adds a node of the standard operators that makes a value of the old graph. */
  define(
    value: string,
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    const name = this.#builder.freshName(`blocked:${op}`);
    this.#builder.add(op, inputs, attributes, { name, outputs: [value] });
    this.#plain.add(value);
  }

  list(values: readonly number[]): string {
    return this.#builder.constant(int64s(values), 'blocked:list');
  }

  reshape(value: string, shape: readonly number[]): string {
    return this.add('Reshape', [value, this.list(shape)]);
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.add('Transpose', [value], { perm: ints(perm) });
  }

  /** Writes a node of the old graph as it was, on plain values. */
  write(node: Node): void {
    if (this.#isChannelsLast(node)) this.#reorder(node.inputs[0], this.blocked(node.inputs[0]), 1, node.outputs[0]);
    else {
      const inputs = node.inputs.map((input) => this.plain(input));
      this.#builder.addAll(node.op, inputs, node.attributes, node);
    }
    for (const output of node.outputs) this.#plain.add(output);
  }

  /** As `write`, but only when one of its outputs is asked for. */
  put(node: Node): void {
    for (const output of node.outputs) if (output !== '') this.#put.set(output, node);
  }

  /** Says that a value exists in the blocked layout, under a name. */
  setBlocked(name: string, blocked: string): void {
    this.#blocked.set(name, blocked);
  }

  /** Says that a value is the result of a convolution that is still open. */
  setOpen(name: string, convolution: OpenConvolution): void {
    this.#open.set(name, convolution);
  }

  /** The open convolution that gives a value which one node alone takes: that node may continue it. */
  openOf(name: string): OpenConvolution | undefined {
    return this.isUsedOnce(name) ? this.#open.get(name) : undefined;
  }

  /** Forgets an open convolution, which another one continues. */
  closeOpen(name: string): void {
    this.#open.delete(name);
  }

  /** Whether a value is there in the blocked layout, or would be at no cost. */
  isBlocked(name: string): boolean {
    return this.#blocked.has(name) || this.#open.has(name) || this.viewed(name) !== undefined;
  }

  /**
   * The blocked value that a value is another view of: one made from it by a Reshape that touches none of its channels, or that makes
   * [1, N·C, …] of [N, C, …], the channels filling their blocks.
   */
  viewed(name: string): string | undefined {
    const shape = this.shape(name);
    const from = this.reshapedFrom(name);
    const before = from === undefined ? undefined : this.shape(from);
    if (!shape || !before || shape.length < 3 || before.length < 3) return undefined;
    const pixels = (sizes: readonly number[]): number => elementCount(sizes.slice(2));
    const same = before[0] === shape[0] && before[1] === shape[1] && pixels(before) === pixels(shape);
    const joined = before[1] % this.block === 0 && shape[0] === 1 && shape[1] === before[0] * before[1];
    return same || joined ? from : undefined;
  }

  /** The blocked value that a value on hold is made from by a Reshape. */
  reshapedFrom(name: string): string | undefined {
    const node = this.#put.get(name);
    return node?.op === 'Reshape' && this.isBlocked(node.inputs[0]) ? node.inputs[0] : undefined;
  }

  /** Whether a value of the old graph is a constant. */
  isConstant(name: string): boolean {
    return this.#values.get(name)?.constant !== undefined;
  }

  /** The name of a value in the blocked layout. */
  blocked(name: string): string {
    let blocked = this.#blocked.get(name);
    if (blocked !== undefined) return blocked;
    const open = this.#open.get(name);
    const viewed = this.viewed(name);
    if (open) {
      const { inputs, attributes, sum, activation } = open;
      const all = sum === undefined ? inputs : [inputs[0], inputs[1], inputs[2] ?? '', sum];
      blocked = this.addBlocked('Conv', all, { ...attributes, ...activation });
      this.#open.delete(name);
    } else if (viewed !== undefined) blocked = this.reshape(this.blocked(viewed), this.filledShape(name));
    else {
      const [batch, channels, ...sizes] = this.shape(name)!;
      const image =
        sizes.length === 2 ? this.plain(name) : this.reshape(this.plain(name), [batch, channels, ...imageOf(sizes)]);
      const missing = channels % REORDERED === 0 ? 0 : this.filled(channels) - channels;
      const whole = missing === 0 ? image : this.add('Pad', [image, this.list([0, 0, 0, 0, 0, missing, 0, 0])]);
      const laidOut = this.addBlocked('ReorderInput', [whole], { channels_last: int(0) });
      blocked = sizes.length === 2 ? laidOut : this.reshape(laidOut, this.filledShape(name));
    }
    this.#blocked.set(name, blocked);
    return blocked;
  }

  /** The shape of a value with its channels filled up. */
  filledShape(name: string): readonly number[] {
    const [batch, channels, ...sizes] = this.shape(name)!;
    return [batch, this.filled(channels), ...sizes];
  }

  /** A blocked value as [N·C/block, pixels, block]. */
  rows(name: string): string {
    const [batch, channels, ...sizes] = this.filledShape(name);
    const count = batch < 0 ? -1 : (batch * channels) / this.block;
    return this.reshape(this.blocked(name), [count, elementCount(sizes), this.block]);
  }

  /** The name of a value in the plain layout: its own. */
  plain(name: string): string {
    if (name === '' || this.#plain.has(name)) return name;
    const node = this.#put.get(name);
    if (node) this.write(node);
    else this.#reorder(name, this.blocked(name), 0, name);
    this.#plain.add(name);
    return name;
  }

  /** The whole of the new graph, once the outputs are there. */
  build(): Model {
    return this.#builder.build();
  }

  /** Whether a node puts the channels of a blocked value last, which a reorder does at once. */
  #isChannelsLast(node: Node): boolean {
    if (node.op !== 'Transpose' || !this.isBlocked(node.inputs[0])) return false;
    return intsOf(node, 'perm')?.join() === '0,2,3,1' && this.viewed(node.inputs[0]) === undefined;
  }

  #reorder(value: string, blocked: string, channelsLast: number, output: string): void {
    const shape = this.shape(value)!;
    const [batch, channels, ...sizes] = shape;
    const attributes = { channels: int(channels), channels_last: int(channelsLast) };
    // Reorders take images of numbers.
    let image = this.type(value) === 'bool' ? this.add('Cast', [blocked], { to: int(codeOfType('float32')) }) : blocked;
    if (sizes.length !== 2) image = this.reshape(image, [batch, this.filled(channels), ...imageOf(sizes)]);
    if (image === blocked) {
      const name = this.#builder.freshName('blocked:ReorderOutput');
      this.#builder.add('ReorderOutput', [image], attributes, { name, outputs: [output], domain: BLOCKED_DOMAIN });
      return;
    }
    const plain = this.reshape(this.addBlocked('ReorderOutput', [image], attributes), shape);
    this.define(output, 'Cast', [plain], { to: int(codeOfType(this.type(value)!)) });
  }
}

/** Any number of axes as two. */
function imageOf(sizes: readonly number[]): readonly number[] {
  return [elementCount(sizes), 1];
}
