import { UserError } from '../contract/errors.ts';
import { palette } from '../contract/palette.ts';
import type { Project } from '../projects/project.ts';

export interface Class {
  readonly id: number;
  readonly name: string;
}

/** A class as people see it. */
export interface ShownClass extends Class {
  readonly key: string | null;
  /** #rrggbb */
  readonly colour: string;
  /** Items that have this label now. */
  readonly items: number;
}

/** Keys in the order in which classes get them. Not 0, which stands far from 1. */
const keys = Array.from('123456789abcdefghijklmnopqrstuvwxyz');

/** Every class, in the order in which they were made. A network's outputs stand in this order too. */
export function listClasses(project: Project): Class[] {
  return project.database.prepare<[], Class>('SELECT id, name FROM present_classes ORDER BY id').all();
}

/** Every class with its key, its colour and how many items have it. */
export function showClasses(project: Project): ShownClass[] {
  return project.database
    .prepare<[], ShownClass>(
      `SELECT id, name, key, colour, (SELECT COUNT(*) FROM labels WHERE class_id = present_classes.id) AS items
         FROM present_classes ORDER BY id`,
    )
    .all();
}

/** A name as it is kept: without blanks at its ends, accents in one form (file names on macOS have them apart). */
export const keptName = (name: string): string => name.trim().normalize('NFC');

/** The class of that name, made where there is none; one that was removed comes back, without its labels. */
export function ensureClass(project: Project, name: string): Class {
  const own = keptName(name);
  if (!own) throw new UserError('A class needs a name.');
  const { database } = project;
  const found = database
    .prepare<[string], Class & { removed: number }>(
      'SELECT id, name, id NOT IN (SELECT id FROM present_classes) AS removed FROM classes WHERE name = ?',
    )
    .get(own);
  if (found && !found.removed) return { id: found.id, name: own };
  return database.transaction(() => {
    const { key, colour } = nextLooks(project);
    if (key !== null) database.prepare('UPDATE classes SET key = NULL WHERE key = ?').run(key);
    if (found) {
      database
        .prepare('UPDATE classes SET removed_by = NULL, merged_into = NULL, key = ?, colour = ? WHERE id = ?')
        .run(key, colour, found.id);
      return { id: found.id, name: own };
    }
    const { lastInsertRowid } = database
      .prepare('INSERT INTO classes (name, key, colour) VALUES (?, ?, ?)')
      .run(own, key, colour);
    return { id: Number(lastInsertRowid), name: own };
  })();
}

/** The first key that is free, and the colour that is used least. */
function nextLooks(project: Project): { key: string | null; colour: string } {
  const taken = project.database
    .prepare<[], { key: string | null; colour: string }>('SELECT key, colour FROM present_classes')
    .all();
  const takenKeys = new Set(taken.map(({ key }) => key));
  const uses = (colour: string): number => taken.filter((one) => one.colour === colour).length;
  return {
    key: keys.find((key) => !takenKeys.has(key)) ?? null,
    colour: palette.reduce((best, colour) => (uses(colour) < uses(best) ? colour : best)),
  };
}

/** @throws UserError for a name that is no class of the project, with those that are */
export function findClass(project: Project, name: string): Class {
  const classes = listClasses(project);
  const found = classes.find((one) => one.name === keptName(name));
  if (found) return found;
  const known = classes.length ? classes.map((one) => one.name).join(', ') : 'there are none yet';
  throw new UserError(`There is no class ${name}. The project's classes: ${known}.`);
}
