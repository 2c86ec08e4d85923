import { EngineError } from '../errors.ts';

/** A word without quotes: an enum's value, or true and false. */
export interface Word {
  readonly word: string;
}
export type TextValue = number | string | Word | Message;

/** Deeper than any network is written; recursion ends there. */
const mostDepth = 32;
/** Caffe's largest published networks are below 1 MB. */
export const mostTextBytes = 16 * 2 ** 20;

/** A message of a text-format protobuf, read field by field; an error names the file, the line and the field. */
export class Message {
  /** Where it stands, for messages: `deploy.prototxt, line 12`. */
  readonly where: string;
  readonly #fields = new Map<string, TextValue[]>();

  constructor(where: string) {
    this.where = where;
  }

  add(field: string, value: TextValue): void {
    const values = this.#fields.get(field);
    if (values) values.push(value);
    else this.#fields.set(field, [value]);
  }

  has(field: string): boolean {
    return this.#fields.has(field);
  }

  /** Every value of a field. */
  all(field: string): readonly TextValue[] {
    return this.#fields.get(field) ?? [];
  }

  messages(field: string): Message[] {
    return this.all(field).map((value) =>
      value instanceof Message ? value : this.#refuse(field, 'a block in braces'),
    );
  }

  /** The block of a name; an empty one where it is absent. */
  message(field: string): Message {
    return this.messages(field).at(-1) ?? new Message(this.where);
  }

  strings(field: string): string[] {
    return this.all(field).map((value) =>
      typeof value === 'string' ? value : this.#refuse(field, 'a text in quotes'),
    );
  }

  string(field: string, fallback: string): string {
    return this.strings(field).at(-1) ?? fallback;
  }

  numbers(field: string): number[] {
    return this.all(field).map((value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : this.#refuse(field, 'a number'),
    );
  }

  number(field: string, fallback: number): number {
    return this.numbers(field).at(-1) ?? fallback;
  }

  /** A whole number of at least `least`. */
  integer(field: string, fallback: number, least = 0): number {
    const value = this.number(field, fallback);
    if (!Number.isInteger(value) || value < least || value > 2 ** 31)
      this.#refuse(field, `a whole number of at least ${least}`);
    return value;
  }

  boolean(field: string, fallback: boolean): boolean {
    const value = this.all(field).at(-1);
    if (value === undefined) return fallback;
    if (typeof value === 'object' && 'word' in value && ['true', 'false', 't', 'f'].includes(value.word.toLowerCase()))
      return value.word.toLowerCase().startsWith('t');
    if (value === 0 || value === 1) return value === 1;
    return this.#refuse(field, 'true or false');
  }

  /** An enum's value by its name, or by its number among `names`. */
  choice<Name extends string>(field: string, names: readonly Name[], fallback: Name): Name {
    const value = this.all(field).at(-1);
    if (value === undefined) return fallback;
    const name =
      typeof value === 'number'
        ? names[value]
        : typeof value === 'object' && 'word' in value
          ? names.find((one) => one === value.word)
          : undefined;
    return name ?? this.#refuse(field, `one of ${names.join(', ')}`);
  }

  #refuse(field: string, expected: string): never {
    throw new EngineError(`${this.where}: "${field}" must be ${expected}.`);
  }
}

/**
 * Reads protobuf's text format (protobuf.dev, "Text Format Language Specification"), as .prototxt files are written in.
 *
 * @param file its name, for messages
 * @throws EngineError that names the line
 */
export function parseTextProto(text: string, file: string): Message {
  return new Parser(text, file).whole();
}

const token = /[A-Za-z_][\w.]*|[-+]?(?:0[xX][\dA-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?)|[{}<>[\]:;,-]|["']/y;
const gap = /(?:\s+|#[^\n]*)*/y;
const closing: Readonly<Partial<Record<string, string>>> = { '{': '}', '<': '>' };

class Parser {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  whole(): Message {
    const message = this.#message(undefined, 0);
    return message;
  }

  /** Fields up to what closes the block, or to the end of the file. */
  #message(end: string | undefined, depth: number): Message {
    if (depth > mostDepth) this.#fail(`blocks lie within each other more than ${mostDepth} deep`);
    const message = new Message(this.#where());
    for (;;) {
      const name = this.#next();
      if (name === end) return message;
      if (name === undefined) this.#fail('it ends in the middle of a block; it may be cut short');
      if (!/^[A-Za-z_]/.test(name)) this.#fail(`a field's name is expected, but there is ${name}`);
      this.#field(message, name, depth);
      const after = this.#peek();
      if (after === ',' || after === ';') this.#next();
    }
  }

  #field(message: Message, name: string, depth: number): void {
    if (this.#peek() === ':') this.#next();
    if (this.#peek() !== '[') {
      message.add(name, this.#value(depth));
      return;
    }
    this.#next();
    for (let first = true; this.#peek() !== ']'; first = false) {
      if (!first && this.#next() !== ',') this.#fail('the values of a list stand apart by commas');
      message.add(name, this.#value(depth));
    }
    this.#next();
  }

  #value(depth: number): TextValue {
    const part = this.#next();
    if (part === undefined) this.#fail('a value is missing at its end; it may be cut short');
    const end = closing[part];
    if (end !== undefined) return this.#message(end, depth + 1);
    if (part === '"' || part === "'") return this.#texts(part);
    if (part === '-') {
      const word = this.#next();
      if (word !== 'inf' && word !== 'infinity') this.#fail('a number is expected after the minus');
      return -Infinity;
    }
    if (/^[-+.\d]/.test(part)) return number(part);
    if (/^(inf|infinity)$/i.test(part)) return Infinity;
    if (/^nan$/i.test(part)) return NaN;
    if (/^[A-Za-z_]/.test(part)) return { word: part };
    return this.#fail(`a value is expected, but there is ${part}`);
  }

  /** Texts that follow each other are one. */
  #texts(quote: string): string {
    let text = this.#quoted(quote);
    for (let next = this.#peek(); next === '"' || next === "'"; next = this.#peek()) {
      this.#next();
      text += this.#quoted(next);
    }
    return text;
  }

  #quoted(quote: string): string {
    let text = '';
    for (; ; this.#at++) {
      const letter = this.#text[this.#at];
      if (this.#at >= this.#text.length || letter === '\n') this.#fail('a text in quotes does not end');
      if (letter === quote) break;
      if (letter === '\\') this.#at++;
      text += this.#text[this.#at] ?? '';
    }
    this.#at++;
    return text;
  }

  #peek(): string | undefined {
    const at = this.#at;
    const next = this.#next();
    this.#at = at;
    return next;
  }

  #next(): string | undefined {
    gap.lastIndex = this.#at;
    gap.test(this.#text);
    this.#at = gap.lastIndex;
    if (this.#at >= this.#text.length) return undefined;
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0];
    if (found === undefined)
      return this.#fail(`there is ${JSON.stringify(this.#text[this.#at])}, which does not belong there`);
    this.#at += found.length;
    return found;
  }

  #where(): string {
    for (; this.#counted < this.#at; this.#counted++) if (this.#text[this.#counted] === '\n') this.#line++;
    return `${this.#file}, line ${this.#line}`;
  }

  #fail(reason: string): never {
    throw new EngineError(`${this.#where()}: ${reason}.`);
  }
}

function number(text: string): number {
  return Number(/^[-+]?0x/i.test(text) ? text : text.replace(/f$/i, ''));
}
