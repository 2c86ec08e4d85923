import type { Project } from '../projects/project.ts';
import { UserError } from '../contract/errors.ts';

export interface Class {
  readonly id: number;
  readonly name: string;
}

/** Every class, in the order in which they were made. A network's outputs stand in this order too. */
export function listClasses(project: Project): Class[] {
  return project.database.prepare<[], Class>('SELECT id, name FROM classes ORDER BY id').all();
}

/** A name as it is kept: without blanks at its ends, accents in one form (file names on macOS have them apart). */
const kept = (name: string): string => name.trim().normalize('NFC');

/** The class of that name, made where there is none. */
export function ensureClass(project: Project, name: string): Class {
  const own = kept(name);
  if (!own) throw new UserError('A class needs a name.');
  const found = project.database.prepare<[string], Class>('SELECT id, name FROM classes WHERE name = ?').get(own);
  if (found) return found;
  const { lastInsertRowid } = project.database.prepare('INSERT INTO classes (name) VALUES (?)').run(own);
  return { id: Number(lastInsertRowid), name: own };
}

/** @throws UserError for a name that is no class of the project, with those that are */
export function findClass(project: Project, name: string): Class {
  const classes = listClasses(project);
  const found = classes.find((one) => one.name === kept(name));
  if (found) return found;
  const known = classes.length ? classes.map((one) => one.name).join(', ') : 'there are none yet';
  throw new UserError(`There is no class ${name}. The project's classes: ${known}.`);
}
