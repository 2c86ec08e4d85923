import { EngineError } from '../errors.ts';
import type { Dimension } from './types.ts';

/**
 * Arithmetic with dimensions of which some are only names. A product with a name in it is a name again: `4*N`.
 */

interface Product {
  readonly factor: number;
  /** Sorted. */
  readonly names: readonly string[];
}

function parse(dimension: Dimension): Product {
  if (typeof dimension === 'number') return { factor: dimension, names: [] };
  let factor = 1;
  const names: string[] = [];
  for (const part of dimension.split('*')) {
    if (/^\d+$/.test(part)) factor *= Number(part);
    else names.push(part);
  }
  return { factor, names: names.sort() };
}

function format({ factor, names }: Product): Dimension {
  if (!Number.isSafeInteger(factor)) throw new EngineError('A tensor has too many elements to be counted.');
  if (names.length === 0 || factor === 0) return factor;
  return (factor === 1 ? names : [factor, ...names]).join('*');
}

/** The product of dimensions; 1 for none. */
export function product(dimensions: readonly Dimension[]): Dimension {
  let factor = 1;
  const names: string[] = [];
  for (const dimension of dimensions) {
    const parsed = parse(dimension);
    factor *= parsed.factor;
    names.push(...parsed.names);
  }
  return format({ factor, names: names.sort() });
}

/** `a / b` where it is whole for every value of the names, otherwise undefined. */
export function quotient(a: Dimension, b: Dimension): Dimension | undefined {
  const dividend = parse(a);
  const divisor = parse(b);
  if (divisor.factor === 0) return undefined;
  const factor = dividend.factor / divisor.factor;
  if (!Number.isInteger(factor)) return undefined;
  const names = [...dividend.names];
  for (const name of divisor.names) {
    const at = names.indexOf(name);
    if (at < 0) return undefined;
    names.splice(at, 1);
  }
  return format({ factor, names });
}

/** The shape with names counted as one: what a single item takes. */
export function ofOneItem(shape: readonly Dimension[]): number[] {
  return shape.map((dimension) => parse(dimension).factor);
}

/** The shape if no dimension is a name. */
export function allNumbers(shape: readonly Dimension[]): readonly number[] | undefined {
  return shape.every((dimension) => typeof dimension === 'number') ? shape : undefined;
}

export function sameShape(a: readonly Dimension[], b: readonly Dimension[]): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

/** The dimension with a number put in for a name. */
export function substitute(dimension: Dimension, name: string, value: number): Dimension {
  const { factor, names } = parse(dimension);
  const others = names.filter((other) => other !== name);
  return format({ factor: factor * value ** (names.length - others.length), names: others });
}
