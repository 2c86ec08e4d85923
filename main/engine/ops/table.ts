import type { Operator } from './operator.ts';

/** Every operator that the engine understands, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>();
