import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Migration } from '../../main/database/migrate.ts';
import { type Database, openDatabase } from '../../main/database/open.ts';
import { projectMigrations } from '../../main/database/project-schema.ts';
import { listClasses } from '../../main/labels/classes.ts';
import { undoLabels } from '../../main/labels/label-items.ts';
import { createProject, openProject } from '../../main/projects/project.ts';
import { getSetting, setSetting } from '../../main/projects/settings.ts';
import { integrityOf, refusalOf, workshop } from '../support/core.ts';

const work = workshop();

const first: Migration = {
  name: 'plates and wells',
  sql: `CREATE TABLE plates (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
        CREATE TABLE wells (id INTEGER PRIMARY KEY, plate_id INTEGER NOT NULL REFERENCES plates ON DELETE CASCADE) STRICT;`,
};
const second: Migration = { name: 'stains', sql: `ALTER TABLE plates ADD COLUMN stain TEXT` };

const tablesOf = (database: Database): string[] =>
  database.prepare<[], string>(`SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`).pluck().all();
const versionOf = (database: Database): unknown => database.prepare('SELECT MAX(number) FROM migrations').pluck().get();

describe('migrations', () => {
  it('are applied in order, each with its record, and once only', () => {
    const file = work.path('order.sqlite');
    openDatabase(file, [first]).close();
    openDatabase(file, [first, second]).close();
    const database = openDatabase(file, [first, second]);
    const records = database.prepare('SELECT number, name FROM migrations').all();
    expect(records).toEqual([
      { number: 1, name: 'plates and wells' },
      { number: 2, name: 'stains' },
    ]);
    database.close();
  });

  it('leave nothing half done when one fails, and keep those before it', () => {
    const file = work.path('failing.sqlite');
    const failing: Migration = {
      name: 'failing',
      sql: `CREATE TABLE half (id INTEGER); INSERT INTO plates (name) VALUES ('half'); CREATE TABLE plates (id INTEGER)`,
    };
    expect(() => openDatabase(file, [first, failing])).toThrow('table plates already exists');
    const database = openDatabase(file, [first]);
    expect(tablesOf(database)).toEqual(['migrations', 'plates', 'wells']);
    expect(database.prepare('SELECT COUNT(*) FROM plates').pluck().get()).toBe(0);
    expect(versionOf(database)).toBe(1);
    database.close();
  });

  it('may make a table anew without losing what refers to it', () => {
    const file = work.path('rebuild.sqlite');
    const before = openDatabase(file, [first]);
    before.exec(`INSERT INTO plates (id, name) VALUES (1, 'A'); INSERT INTO wells (plate_id) VALUES (1), (1)`);
    before.close();
    const rebuild: Migration = {
      name: 'plate names are unique',
      sql: `CREATE TABLE new_plates (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
            INSERT INTO new_plates SELECT id, name FROM plates;
            DROP TABLE plates;
            ALTER TABLE new_plates RENAME TO plates;`,
    };
    const after = openDatabase(file, [first, rebuild]);
    expect(after.prepare('SELECT COUNT(*) FROM wells').pluck().get()).toBe(2);
    expect(after.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(() => after.exec('INSERT INTO wells (plate_id) VALUES (7)')).toThrow('FOREIGN KEY');
    after.close();
  });

  it('that would leave a reference to nothing are not made', () => {
    const file = work.path('dangling.sqlite');
    const before = openDatabase(file, [first]);
    before.exec(`INSERT INTO plates (id, name) VALUES (1, 'A'); INSERT INTO wells (plate_id) VALUES (1)`);
    before.close();
    const careless: Migration = { name: 'careless', sql: 'DELETE FROM plates' };
    expect(() => openDatabase(file, [first, careless])).toThrow('careless');
    const after = openDatabase(file, [first]);
    expect(after.prepare('SELECT COUNT(*) FROM plates').pluck().get()).toBe(1);
    after.close();
  });

  it('copy an older database before they change it', () => {
    const file = work.path('backup.sqlite');
    const copy = work.path('backup-1.sqlite');
    const backup = (version: number): string => copy.replace('1', String(version));
    const before = openDatabase(file, [first], { backup });
    before.exec(`INSERT INTO plates (name) VALUES ('A')`);
    before.close();
    expect(existsSync(copy)).toBe(false);
    openDatabase(file, [first, second], { backup }).close();
    const copied = openDatabase(copy, [first]);
    expect(copied.prepare('SELECT * FROM plates').all()).toEqual([{ id: 1, name: 'A' }]);
    copied.close();
  });

  it('refuse a database that a newer version made, and leave it as it is', () => {
    const file = work.path('newer.sqlite');
    openDatabase(file, [first, second]).close();
    expect(() => openDatabase(file, [first])).toThrow(
      `${file} was made by a newer version of Parfocal (its form is 2, this program knows 1).`,
    );
    const database = openDatabase(file, [first, second]);
    expect(versionOf(database)).toBe(2);
    database.close();
  });
});

describe('a project', () => {
  it('is refused when a newer version made it, and can be opened after that refusal is understood', () => {
    const project = work.project('future');
    project.database
      .prepare(`INSERT INTO migrations VALUES (?, 'from the future', '2099-01-01')`)
      .run(projectMigrations.length + 1);
    project.close();
    expect(() => openProject(project.folder)).toThrow(/project\.sqlite was made by a newer version of Parfocal/);
    // The refusal has given the lock back: the error is the same, and not that the project is open elsewhere.
    expect(() => openProject(project.folder)).toThrow(/newer version/);
  });

  it('of an older version is migrated, with all that is in it, after a copy was kept in its backups', () => {
    const folder = work.path('older.parfocal');
    mkdirSync(folder);
    const file = join(folder, 'project.sqlite');
    const older = openDatabase(file, projectMigrations.slice(0, 1));
    older.exec(`
      INSERT INTO images VALUES (1, 'hash', 0, '/images/one.png', 0, 1, 1, 'png', 100, 100, 1, 3, 8, NULL, NULL);
      INSERT INTO items (id, image_id, kind, x, y, width, height, margin, group_name) VALUES
        (1, 1, 'region', 0, 0, 10, 10, 0.1, 'P1'), (2, 1, 'region', 10, 0, 10, 10, 0.1, 'P1');
      INSERT INTO classes (id, name) VALUES (1, 'red'), (2, 'green');
      INSERT INTO label_operations VALUES (1, 'label', NULL, 'hand', 'somebody', '2020-01-01');
      INSERT INTO label_events VALUES (1, 1, 1, 1, NULL), (2, 1, 2, 2, NULL);
      INSERT INTO splits VALUES (1, '2020-01-01', '{}');
      INSERT INTO split_members VALUES (1, 1, 'train'), (1, 2, 'test');`);
    older.close();
    const project = openProject(folder);
    const backups = readdirSync(join(folder, 'backups'));
    expect(backups).toEqual([expect.stringMatching(/^project-form-1-.*\.sqlite$/)]);
    const copy = openDatabase(join(folder, 'backups', backups[0]), projectMigrations.slice(0, 1));
    for (const database of [project.database, copy]) {
      const labels = database.prepare('SELECT item_id, class_id FROM labels ORDER BY item_id').raw().all();
      expect(labels).toEqual([
        [1, 1],
        [2, 2],
      ]);
      expect(database.prepare('SELECT COUNT(*) FROM label_events').pluck().get()).toBe(2);
      expect(database.prepare('SELECT COUNT(*) FROM split_members').pluck().get()).toBe(2);
    }
    expect([versionOf(copy), versionOf(project.database)]).toEqual([1, projectMigrations.length]);
    copy.close();
    expect(listClasses(project).map(({ name }) => name)).toEqual(['red', 'green']);
    expect(undoLabels(project)).toBe(2);
    expect(integrityOf(project)).toEqual(['ok']);
    project.close();
    openProject(folder).close();
    expect(readdirSync(join(folder, 'backups'))).toEqual(backups);
  });

  it('can lose its cache at any time', () => {
    const project = work.project('cacheless');
    setSetting(project, 'displayLimits', { low: 1, high: 2 });
    project.close();
    rmSync(project.cacheFolder, { recursive: true });
    const again = work.reopen(project);
    expect(again.database.prepare('SELECT COUNT(*) FROM codes.codes').pluck().get()).toBe(0);
    expect(getSetting(again, 'displayLimits')).toEqual({ low: 1, high: 2 });
  });

  it('is refused by the name of its file when that is damaged', () => {
    const project = work.project('damaged');
    project.close();
    const file = join(project.folder, 'project.sqlite');
    writeFileSync(file, 'not a database at all, '.repeat(100));
    expect(refusalOf(() => openProject(project.folder))).toBe(
      `${file}: The file is not a database of Parfocal, or it is damaged.`,
    );
  });

  it('makes its codes anew when their file is damaged', () => {
    const project = work.project('damaged codes');
    project.close();
    writeFileSync(project.codesFile, 'neither is this, '.repeat(100));
    const again = work.reopen(project);
    expect(again.database.prepare('SELECT COUNT(*) FROM codes.codes').pluck().get()).toBe(0);
    expect(integrityOf(again)).toEqual(['ok']);
  });

  it('is not made over something else', () => {
    work.write('full/notes.txt', 'mine');
    expect(() => createProject(work.path('full'))).not.toThrow();
    work.write('taken.parfocal/notes.txt', 'mine');
    expect(() => createProject(work.path('taken'))).toThrow('is not empty');
    work.write('file.parfocal', 'mine');
    expect(() => createProject(work.path('file'))).toThrow('is a file');
    work.project('twice').close();
    expect(() => createProject(work.path('twice'))).toThrow('is a project already');
    expect(() => openProject(work.path('nowhere'))).toThrow('There is no project at');
  });
});
