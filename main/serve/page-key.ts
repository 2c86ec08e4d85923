import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSecret } from './access.ts';

/** What a page that came in with the token is known by, from then on: the value of its cookie. */
export interface PageKey {
  readonly value: string;
  /** Ends it for good. A server that died leaves its key, so that a page that is open then finds the next one. */
  drop(): void;
}

/** The key for a port: the one that a server left which did not end well, else a new one. Only this person can read it. */
export function takePageKey(folder: string, port: number): PageKey {
  const file = join(folder, `${port}.key`);
  let value = newSecret();
  try {
    const left = readFileSync(file, 'utf8');
    if (/^[\w-]{43}$/.test(left)) value = left;
  } catch {
    // The usual case: the last server ended well, or this is the first.
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, value, { mode: 0o600 });
  return { value, drop: () => rmSync(file, { force: true }) };
}
