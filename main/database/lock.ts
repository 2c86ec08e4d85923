import BetterSqlite3 from 'better-sqlite3';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { UserError } from '../contract/errors.ts';

/** Keeps a folder to one process. Held until released, or until the process is gone. */
export interface Lock {
  release(): void;
}

/**
 * Takes a lock that the operating system drops when its holder dies, however it dies: an exclusive transaction on a
 * database of its own. Who holds it stands in a text file beside it.
 *
 * @param path of the lock, without ending: `PATH.sqlite` and `PATH.json` are written
 * @param what is being locked, for the message: `The project cells`
 * @throws UserError when another process has it, naming that process
 */
export function takeLock(path: string, what: string): Lock {
  const database = new BetterSqlite3(`${path}.sqlite`, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof BetterSqlite3.SqliteError && error.code === 'SQLITE_BUSY') {
      throw new UserError(
        `${what} is open in another program: ${describeHolder(`${path}.json`)}. Close it there first.`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
  const holder = {
    process: process.pid,
    program: process.title,
    computer: hostname(),
    since: new Date().toISOString(),
  };
  writeFileSync(`${path}.json`, JSON.stringify(holder));
  return { release: () => database.close() };
}

function describeHolder(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return `process ${String(holder['process'])} on ${String(holder['computer'])}, since ${String(holder['since'])}`;
  } catch {
    return 'which one is not known';
  }
}
