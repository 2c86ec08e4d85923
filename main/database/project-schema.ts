import type { Migration } from './migrate.ts';

/** What only the person can give, and what was made of it. Kept apart from the codes, which can be made again. */
export const projectMigrations: readonly Migration[] = [
  {
    name: 'images, items, labels, splits, networks, runs',
    sql: `
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE images (
  id INTEGER PRIMARY KEY,
  content_hash TEXT NOT NULL,
  page INTEGER NOT NULL,
  path TEXT NOT NULL,             -- absolute, or below the project's folder where copied
  copied INTEGER NOT NULL CHECK (copied IN (0, 1)),
  bytes INTEGER NOT NULL,
  modified_ms INTEGER NOT NULL,
  format TEXT NOT NULL,
  width INTEGER NOT NULL,         -- after EXIF orientation
  height INTEGER NOT NULL,
  pages INTEGER NOT NULL,
  channels INTEGER NOT NULL,
  bits INTEGER NOT NULL,
  display_low REAL,               -- NULL where stored values are shown as they are (8 bit)
  display_high REAL,
  UNIQUE (content_hash, page)
) STRICT;
CREATE INDEX images_by_path ON images (path, page);

CREATE TABLE items (
  id INTEGER PRIMARY KEY,
  image_id INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('image', 'region')),
  x REAL NOT NULL,
  y REAL NOT NULL,
  width REAL NOT NULL CHECK (width > 0),
  height REAL NOT NULL CHECK (height > 0),
  margin REAL NOT NULL CHECK (margin >= 0),  -- context on each side, as a share of the box's longer side
  group_name TEXT,
  part TEXT CHECK (part IN ('train', 'validation', 'test')),  -- as its source gave it
  UNIQUE (image_id, kind, x, y, width, height)
) STRICT;
CREATE INDEX items_by_group ON items (group_name);

CREATE TABLE classes (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- Labels are events and never change. One act of the person (a key, an import, an undo) is one operation.
CREATE TABLE label_operations (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('label', 'undo', 'redo')),
  target INTEGER REFERENCES label_operations CHECK ((kind = 'label') = (target IS NULL)),
  source TEXT NOT NULL CHECK (source IN ('hand', 'suggestion', 'import')),
  author TEXT NOT NULL,
  time TEXT NOT NULL
) STRICT;
CREATE INDEX label_operations_by_target ON label_operations (target);

CREATE TABLE label_events (
  id INTEGER PRIMARY KEY,
  operation_id INTEGER NOT NULL REFERENCES label_operations ON DELETE CASCADE,
  item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  class_id INTEGER REFERENCES classes,   -- NULL: no label
  previous_class_id INTEGER REFERENCES classes
) STRICT;
CREATE INDEX label_events_by_item ON label_events (item_id, id);
CREATE INDEX label_events_by_operation ON label_events (operation_id);
CREATE INDEX label_events_by_class ON label_events (class_id);

-- The last event of each item, kept by the database itself.
CREATE TABLE labels (
  item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
  class_id INTEGER REFERENCES classes,
  event_id INTEGER NOT NULL REFERENCES label_events ON DELETE CASCADE
) STRICT;
CREATE INDEX labels_by_class ON labels (class_id);
CREATE TRIGGER label_events_make_labels AFTER INSERT ON label_events BEGIN
  INSERT INTO labels (item_id, class_id, event_id) VALUES (NEW.item_id, NEW.class_id, NEW.id)
  ON CONFLICT (item_id) DO UPDATE SET class_id = excluded.class_id, event_id = excluded.event_id;
END;

CREATE TABLE splits (
  id INTEGER PRIMARY KEY,
  created TEXT NOT NULL,
  config TEXT NOT NULL
) STRICT;
CREATE TABLE split_members (
  split_id INTEGER NOT NULL REFERENCES splits ON DELETE CASCADE,
  item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  PRIMARY KEY (split_id, item_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  created TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
  network TEXT NOT NULL,           -- its content hash: the file is networks/HASH.onnx
  config TEXT NOT NULL,
  environment TEXT NOT NULL,
  result TEXT,
  error TEXT
) STRICT;
-- The data set's version that a run saw, and what it answered.
CREATE TABLE run_items (
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  item_id INTEGER NOT NULL,
  class_index INTEGER NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('train', 'validation', 'test')),
  group_name TEXT NOT NULL,
  probabilities BLOB,              -- float32, one a class
  PRIMARY KEY (run_id, item_id)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    name: 'looks of classes, removed classes, numbers that are never given twice, suggestions, exports, names of images',
    sql: `
-- A class is removed by an operation, and is back when that is undone. What was labelled with it stays in the history.
ALTER TABLE classes ADD COLUMN key TEXT;
ALTER TABLE classes ADD COLUMN colour TEXT NOT NULL DEFAULT '#bbbbbb';
ALTER TABLE classes ADD COLUMN removed_by INTEGER REFERENCES label_operations;
ALTER TABLE classes ADD COLUMN merged_into INTEGER REFERENCES classes;
UPDATE classes SET
  key = NULLIF(substr('123456789abcdefghijklmnopqrstuvwxyz', (SELECT COUNT(*) FROM classes AS one WHERE one.id <= classes.id), 1), ''),
  colour = substr('#e69f00#56b4e9#009e73#f0e442#0072b2#d55e00#cc79a7#44aa99#cc6677#999933#aa4499#dddddd',
                  1 + 7 * (((SELECT COUNT(*) FROM classes AS one WHERE one.id <= classes.id) - 1) % 12), 7);
CREATE UNIQUE INDEX classes_by_key ON classes (key) WHERE key IS NOT NULL;
CREATE VIEW present_classes AS
  SELECT id, name, key, colour FROM classes
   WHERE removed_by IS NULL
      OR (SELECT kind FROM label_operations AS answer WHERE answer.target = removed_by ORDER BY answer.id DESC LIMIT 1) IS 'undo';

-- The number of a removed item or run must not be given to another: runs and codes refer to items by number, files to runs.
CREATE TABLE new_items (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  image_id INTEGER NOT NULL REFERENCES images ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('image', 'region')),
  x REAL NOT NULL,
  y REAL NOT NULL,
  width REAL NOT NULL CHECK (width > 0),
  height REAL NOT NULL CHECK (height > 0),
  margin REAL NOT NULL CHECK (margin >= 0),
  group_name TEXT,
  part TEXT CHECK (part IN ('train', 'validation', 'test')),
  UNIQUE (image_id, kind, x, y, width, height)
) STRICT;
INSERT INTO new_items SELECT id, image_id, kind, x, y, width, height, margin, group_name, part FROM items;
DROP TABLE items;
ALTER TABLE new_items RENAME TO items;
CREATE INDEX items_by_group ON items (group_name);

CREATE TABLE new_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  created TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'cancelled')),
  network TEXT NOT NULL,
  config TEXT NOT NULL,
  environment TEXT NOT NULL,
  result TEXT,
  error TEXT
) STRICT;
INSERT INTO new_runs SELECT id, created, status, network, config, environment, result, error FROM runs;
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;

-- What a run answers for items that had no label when it was trained.
CREATE TABLE run_suggestions (
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  item_id INTEGER NOT NULL,
  class_index INTEGER NOT NULL,
  probability REAL NOT NULL,
  PRIMARY KEY (run_id, item_id)
) STRICT, WITHOUT ROWID;

-- The file's name as it was imported: a copy is named by its content. NULL where only the path is known.
ALTER TABLE images ADD COLUMN name TEXT;

-- Without these, removing an item would search the whole of both tables.
CREATE INDEX labels_by_event ON labels (event_id);
CREATE INDEX split_members_by_item ON split_members (item_id);

CREATE TABLE exports (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,         -- the run may be removed; what was handed out stays
  created TEXT NOT NULL,
  files TEXT NOT NULL,             -- absolute paths, JSON
  checked_items INTEGER NOT NULL,
  largest_difference REAL NOT NULL
) STRICT;
`,
  },
  {
    name: 'paused runs, how a training goes, which pixels a run saw',
    sql: `
CREATE TABLE new_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  created TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'paused', 'done', 'failed', 'cancelled')),
  network TEXT NOT NULL,
  config TEXT NOT NULL,
  environment TEXT NOT NULL,
  result TEXT,
  error TEXT
) STRICT;
INSERT INTO new_runs SELECT id, created, status, network, config, environment, result, error FROM runs;
-- Numbers of runs that were removed stay used.
DELETE FROM sqlite_sequence WHERE name = 'new_runs';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_runs', seq FROM sqlite_sequence WHERE name = 'runs';
DROP TABLE runs;
ALTER TABLE new_runs RENAME TO runs;

-- A run that is gone on with must see the same pixels. NULL where the run is older than this.
ALTER TABLE run_items ADD COLUMN view_key TEXT;

CREATE TABLE run_steps (
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  step INTEGER NOT NULL,           -- from 1, over the whole run
  epoch INTEGER NOT NULL,
  loss REAL NOT NULL,
  rate REAL NOT NULL,
  PRIMARY KEY (run_id, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_epochs (
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  epoch INTEGER NOT NULL,          -- 0: before the first step
  metrics TEXT NOT NULL,           -- JSON
  PRIMARY KEY (run_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_notes (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  time TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX run_notes_by_run ON run_notes (run_id);
`,
  },
  {
    name: 'probes and domain shifts',
    sql: `
CREATE TABLE probes (
  network TEXT NOT NULL,           -- content hash
  point TEXT NOT NULL,             -- name of the freeze point
  settings TEXT NOT NULL,          -- canonical JSON: preprocessing, pooling, items, folds, seed
  made_from TEXT NOT NULL,         -- names the items, their pixels, labels and groups: another when any of these changes
  created TEXT NOT NULL,
  result TEXT NOT NULL,            -- JSON
  PRIMARY KEY (network, point, settings)
) STRICT, WITHOUT ROWID;
CREATE TABLE shifts (
  network TEXT NOT NULL,
  settings TEXT NOT NULL,          -- canonical JSON: preprocessing, items, seed
  made_from TEXT NOT NULL,         -- names the items and their pixels
  created TEXT NOT NULL,
  result TEXT NOT NULL,            -- JSON
  PRIMARY KEY (network, settings)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    name: 'what the advisor measured',
    sql: `
CREATE TABLE measurements (
  kind TEXT NOT NULL,
  network TEXT NOT NULL,           -- content hash
  settings TEXT NOT NULL,          -- canonical JSON
  made_from TEXT NOT NULL,         -- names what it was measured on: another when any of it changes
  created TEXT NOT NULL,
  result TEXT NOT NULL,            -- JSON
  PRIMARY KEY (kind, network, settings)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    name: 'names of runs, and what cross-validation found of them',
    sql: `
ALTER TABLE runs ADD COLUMN name TEXT;               -- as the person calls it
ALTER TABLE runs ADD COLUMN cross_validation TEXT;   -- JSON: the last of its recipe
`,
  },
];

/** CNN codes: in a file of their own in the project's cache, since they can be computed again. */
export const codesMigrations: readonly Migration[] = [
  {
    name: 'code sets and codes',
    sql: `
CREATE TABLE code_sets (
  id INTEGER PRIMARY KEY,
  network TEXT NOT NULL,           -- content hash
  point TEXT NOT NULL,             -- name of the freeze point
  pooling TEXT NOT NULL,
  preprocessing TEXT NOT NULL,     -- canonical JSON, input size included
  UNIQUE (network, point, pooling, preprocessing)
) STRICT;
CREATE TABLE codes (
  id INTEGER PRIMARY KEY,
  set_id INTEGER NOT NULL REFERENCES code_sets ON DELETE CASCADE,
  item_id INTEGER NOT NULL,
  view_key TEXT NOT NULL,          -- which pixels were seen: changes with the crop, the display limits or the file
  vector BLOB NOT NULL,            -- float32, little endian
  UNIQUE (set_id, item_id)
) STRICT;
`,
  },
];

/** A row of codes is a few kilobytes, and neighbours are found by reading them all: large pages halve the time of that. */
export const codesPageSize = 65536;
