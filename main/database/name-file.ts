import BetterSqlite3 from 'better-sqlite3';

/** Gives an error of SQLite's the path that it is about, as errors of the file system have one: its messages name no file. */
export function nameFile(error: unknown, path: string): unknown {
  return error instanceof BetterSqlite3.SqliteError ? Object.assign(error, { path }) : error;
}
