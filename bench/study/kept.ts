import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../bench-results');

/** Results that are kept in `bench-results/NAME.json` as they come, so that a study can be stopped and started again. */
export class KeptResults<T> {
  readonly #file: string;
  readonly #all: T[];

  constructor(name: string) {
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, `${name}.json`);
    this.#all = existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as T[]) : [];
  }

  get all(): readonly T[] {
    return this.#all;
  }

  add(result: T): void {
    this.#all.push(result);
    writeFileSync(this.#file, JSON.stringify(this.#all, undefined, 1));
  }
}
