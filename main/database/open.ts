import BetterSqlite3 from 'better-sqlite3';
import * as sqliteVec from 'sqlite-vec';
import type { Migration } from './migrate.ts';
import { migrate } from './migrate.ts';
import { nameFile } from './name-file.ts';

export type Database = BetterSqlite3.Database;

/**
 * Opens a database of ours, makes it where it is not there yet, and brings it to the newest version.
 *
 * @param migrations every version's change, oldest first
 * @param backup where to copy an older database before it is changed; not copied when absent
 */
export function openDatabase(
  path: string,
  migrations: readonly Migration[],
  options: { backup?: (version: number) => string; pageSize?: number } = {},
): Database {
  const database = connect(path);
  try {
    // Takes effect only in a new file, before its first page is written.
    if (options.pageSize) database.pragma(`page_size = ${options.pageSize}`);
    database.pragma('journal_mode = WAL');
    // With WAL, NORMAL keeps the database whole through a power cut; only the last moments may be missing.
    database.pragma('synchronous = NORMAL');
    database.pragma('busy_timeout = 5000');
    loadVectorSearch(database);
    migrate(database, migrations, options.backup);
    database.pragma('foreign_keys = ON');
    return database;
  } catch (error) {
    database.close();
    throw nameFile(error, path);
  }
}

/** Whether what was thrown says that a database's file holds something else, or is broken. */
export function isDamage(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && /^SQLITE_(NOTADB|CORRUPT)/.test(error.code);
}

function connect(path: string): Database {
  try {
    return new BetterSqlite3(path);
  } catch (error) {
    throw nameFile(error, path);
  }
}

/** Opens a database that another process writes to, to read from it. */
export function openForReading(path: string): Database {
  const database = new BetterSqlite3(path, { readonly: true, fileMustExist: true });
  database.pragma('busy_timeout = 5000');
  return database;
}

/** Adds sqlite-vec's functions and tables. */
export function loadVectorSearch(database: Database): void {
  // SQLite opens the extension by itself and knows nothing of a desktop package's archive: it lies beside that.
  database.loadExtension(sqliteVec.getLoadablePath().replace(/\.asar(?=[\\/])/, '.asar.unpacked'));
}
