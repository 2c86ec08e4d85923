import BetterSqlite3 from 'better-sqlite3';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { UserError } from '../contract/errors.ts';
import { nameFile } from './name-file.ts';

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
  const lockFile = `${path}.sqlite`;
  const holderFile = `${path}.json`;
  let database: BetterSqlite3.Database | undefined;
  try {
    database = new BetterSqlite3(lockFile, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    const holder = { process: process.pid, computer: hostname(), since: new Date().toISOString() };
    writeFileSync(holderFile, JSON.stringify(holder));
  } catch (error) {
    database?.close();
    if (error instanceof BetterSqlite3.SqliteError && error.code === 'SQLITE_BUSY') {
      throw new UserError(`${what} is open in another program: ${describeHolder(holderFile)}. Close it there first.`, {
        cause: error,
      });
    }
    throw nameFile(error, lockFile);
  }
  const held = database;
  return {
    release: () => {
      // Gone before the lock is: nobody can then be told of a holder that is no more.
      if (held.open) rmSync(holderFile, { force: true });
      held.close();
    },
  };
}

function describeHolder(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return `process ${String(holder['process'])} on ${String(holder['computer'])}, since ${String(holder['since'])}`;
  } catch {
    return 'which one is not known';
  }
}
