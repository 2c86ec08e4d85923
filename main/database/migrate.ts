import type { Database } from 'better-sqlite3';
import { UserError } from '../contract/errors.ts';

/** One step of a database's form. Once released it never changes: a later step mends what it got wrong. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** How many migrations a database has had. */
function versionOf(database: Database): number {
  database.exec(
    `CREATE TABLE IF NOT EXISTS migrations
       (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`,
  );
  return database.prepare<[], number>('SELECT COALESCE(MAX(number), 0) FROM migrations').pluck().get()!;
}

/**
 * Applies what is missing, each migration in one transaction with its record. Foreign keys are left off: while they are
 * on, making a table anew (the only way to change a constraint) would empty those that refer to it. They are checked as
 * a whole before a migration counts.
 *
 * @throws UserError when the database is of a newer program than this one
 */
export function migrate(
  database: Database,
  migrations: readonly Migration[],
  backup?: (version: number) => string,
): void {
  const version = versionOf(database);
  if (version > migrations.length) {
    throw new UserError(
      `${database.name} was made by a newer version of Parfocal (its form is ${version}, this program knows ${migrations.length}). Install the newer version to open it.`,
    );
  }
  if (version > 0 && version < migrations.length && backup) {
    database.prepare('VACUUM INTO ?').run(backup(version));
  }
  database.pragma('foreign_keys = OFF');
  const record = database.prepare('INSERT INTO migrations (number, name, applied_at) VALUES (?, ?, ?)');
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    database.transaction(() => {
      database.exec(migration.sql);
      if (database.prepare('PRAGMA foreign_key_check').get() !== undefined)
        throw new Error(`The migration "${migration.name}" leaves rows that refer to nothing.`);
      record.run(index + 1, migration.name, new Date().toISOString());
    })();
  }
}
