import { EngineError } from '../errors.ts';
import type { Attribute, Node, Tensor } from './types.ts';

export type AttributeKind = Attribute['kind'];

type ValueOf<K extends AttributeKind> = Extract<Attribute, { kind: K }>['value'];

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const string = (value: string): Attribute => ({ kind: 'string', value });
export const tensor = (value: Tensor): Attribute => ({ kind: 'tensor', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });

/** `Conv "features.0"`, for messages. A node without a name is known by its first output. */
export function describeNode(node: Node): string {
  return `${node.op} "${node.name || (node.outputs[0] ?? '')}"`;
}

function find<K extends AttributeKind>(node: Node, name: string, kind: K): ValueOf<K> | undefined {
  const attribute = (node.attributes as Partial<Record<string, Attribute>>)[name];
  if (!attribute) return undefined;
  if (attribute.kind !== kind)
    throw new EngineError(
      `${describeNode(node)}: the attribute ${name} must be of kind ${kind} but is of kind ${attribute.kind}.`,
    );
  return attribute.value as ValueOf<K> | undefined;
}

/*
 * Readers: the attribute's value, or the operator's default when it is absent.
 * They throw EngineError when the attribute is there but of another kind.
 */

export function intOf(node: Node, name: string, otherwise: number): number;
export function intOf(node: Node, name: string): number | undefined;
export function intOf(node: Node, name: string, otherwise?: number): number | undefined {
  return find(node, name, 'int') ?? otherwise;
}

export function floatOf(node: Node, name: string, otherwise: number): number;
export function floatOf(node: Node, name: string): number | undefined;
export function floatOf(node: Node, name: string, otherwise?: number): number | undefined {
  return find(node, name, 'float') ?? otherwise;
}

export function stringOf(node: Node, name: string, otherwise: string): string;
export function stringOf(node: Node, name: string): string | undefined;
export function stringOf(node: Node, name: string, otherwise?: string): string | undefined {
  return find(node, name, 'string') ?? otherwise;
}

export function intsOf(node: Node, name: string): readonly number[] | undefined {
  return find(node, name, 'ints');
}

export function floatsOf(node: Node, name: string): readonly number[] | undefined {
  return find(node, name, 'floats');
}

export function tensorOf(node: Node, name: string): Tensor | undefined {
  return find(node, name, 'tensor');
}

/** The node with some attributes replaced; `undefined` takes one away. */
export function withAttributes(node: Node, changes: Readonly<Record<string, Attribute | undefined>>): Node {
  const attributes: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries({ ...node.attributes, ...changes })) if (value) attributes[name] = value;
  return { ...node, attributes };
}
