import { EngineError } from '../errors.ts';

/** A JSON object that somebody else wrote, read field by field; an error names the place and the field. */
export class Config {
  readonly where: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /** @param where what the object describes, for error messages, such as `layer conv1 (Conv2D)` */
  constructor(value: unknown, where: string) {
    if (!isObject(value)) throw new EngineError(`${where} is not a JSON object.`);
    this.#values = value;
    this.where = where;
  }

  /** Absent and null mean the same to Keras. */
  has(field: string): boolean {
    return this.#values[field] !== undefined && this.#values[field] !== null;
  }

  raw(field: string): unknown {
    return this.#values[field];
  }

  string(field: string, fallback?: string): string {
    return this.#read(field, fallback, 'a text', (value) => (typeof value === 'string' ? value : undefined));
  }

  number(field: string, fallback?: number): number {
    return this.#read(field, fallback, 'a number', numberOrNothing);
  }

  boolean(field: string, fallback?: boolean): boolean {
    return this.#read(field, fallback, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  list(field: string, fallback?: readonly unknown[]): readonly unknown[] {
    return this.#read(field, fallback, 'a list', (value) => (Array.isArray(value) ? value : undefined));
  }

  numbers(field: string): readonly number[] {
    return this.#read(field, undefined, 'a list of numbers', numbersOrNothing);
  }

  /** Height and width: one whole number for both, or a list of two. */
  pair(field: string, fallback?: readonly [number, number]): readonly [number, number] {
    return this.#read(field, fallback, 'one or two whole numbers above zero', (value) => {
      const pair = typeof value === 'number' ? [value, value] : numbersOrNothing(value);
      const [height, width] = pair ?? [];
      if (pair?.length !== 2 || !isSize(height) || !isSize(width)) return undefined;
      return [height, width] as const;
    });
  }

  object(field: string): Config {
    return new Config(this.#values[field], `${this.where}: field "${field}"`);
  }

  #read<T>(field: string, fallback: T | undefined, expected: string, read: (value: unknown) => T | undefined): T {
    const value = this.#values[field];
    if ((value === undefined || value === null) && fallback !== undefined) return fallback;
    const result = read(value);
    if (result !== undefined) return result;
    const found = value === undefined ? 'it is missing' : `found ${JSON.stringify(value).slice(0, 60)}`;
    throw new EngineError(`${this.where}: field "${field}" must be ${expected}; ${found}.`);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSize(value: number | undefined): value is number {
  return Number.isInteger(value) && value! > 0;
}

function numberOrNothing(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function numbersOrNothing(value: unknown): number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const numbers = value.map(numberOrNothing);
  return numbers.every((n) => n !== undefined) ? numbers : undefined;
}
