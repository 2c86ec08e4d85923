import { UserError } from '../contract/errors.ts';
import type { Project } from '../projects/project.ts';
import { ensureClass, keptName, listClasses, type ShownClass, showClasses } from './classes.ts';
import { replaceLabels } from './label-items.ts';

/** @throws UserError when the class is not there, or no more */
export function checkClass(project: Project, id: number): void {
  if (!listClasses(project).some((one) => one.id === id))
    throw new UserError('This class is not in the project any more.');
}

function classById(project: Project, id: number): ShownClass {
  checkClass(project, id);
  return showClasses(project).find((one) => one.id === id)!;
}

/** @throws UserError when there is a class of that name already */
export function createClass(project: Project, name: string): ShownClass {
  refuseTaken(project, keptName(name));
  return classById(project, ensureClass(project, name).id);
}

export interface ClassChanges {
  readonly name?: string | undefined;
  /** null takes its key away. Another class that has the key gets this one's. */
  readonly key?: string | null | undefined;
  /** #rrggbb */
  readonly colour?: string | undefined;
}

export function updateClass(project: Project, id: number, changes: ClassChanges): void {
  const { database } = project;
  database.transaction(() => {
    const own = classById(project, id);
    if (changes.name !== undefined) {
      const name = keptName(changes.name);
      if (name !== own.name) {
        refuseTaken(project, name);
        freeName(project, name);
        database.prepare('UPDATE classes SET name = ? WHERE id = ?').run(name, id);
      }
    }
    if (changes.key !== undefined) giveKey(project, own, changes.key?.toLowerCase() ?? null);
    if (changes.colour !== undefined)
      database.prepare('UPDATE classes SET colour = ? WHERE id = ?').run(changes.colour, id);
  })();
}

/**
 * Removes a class; its labels become another's, or are taken away. One act: an undo brings the class and its labels back.
 *
 * @param into the class that gets the labels; null takes them away
 */
export function removeClass(project: Project, id: number, into: number | null): void {
  if (id === into) throw new UserError('A class cannot be merged with itself.');
  project.database.transaction(() => {
    checkClass(project, id);
    if (into !== null) checkClass(project, into);
    const operation = replaceLabels(project, id, into);
    project.database
      .prepare('UPDATE classes SET removed_by = ?, merged_into = ? WHERE id = ?')
      .run(operation, into, id);
  })();
}

/** Maps each class that ever was to the one that has its labels now: itself, or what it was merged into. */
export function currentClasses(project: Project): ReadonlyMap<number, number> {
  const rows = project.database
    .prepare<[], { id: number; into: number | null }>(
      'SELECT id, CASE WHEN id IN (SELECT id FROM present_classes) THEN NULL ELSE merged_into END AS "into" FROM classes',
    )
    .all();
  const into = new Map(rows.map((row) => [row.id, row.into]));
  const follow = (id: number): number => {
    const seen = new Set<number>();
    let current = id;
    for (let next = into.get(current); next && !seen.has(next); next = into.get(current)) {
      seen.add(next);
      current = next;
    }
    return current;
  };
  return new Map(rows.map(({ id }) => [id, follow(id)]));
}

function refuseTaken(project: Project, name: string): void {
  if (showClasses(project).some((one) => one.name === name))
    throw new UserError(`There is a class ${name} already. Choose another name, or merge the two.`);
}

/** A removed class may have the name, and may come back by an undo: it then does so under another. */
function freeName(project: Project, name: string): void {
  const exists = project.database.prepare<[string], number>('SELECT 1 FROM classes WHERE name = ?').pluck();
  let other = name;
  for (let number = 2; exists.get(other) !== undefined; number++) other = `${name} (${number})`;
  project.database.prepare('UPDATE classes SET name = ? WHERE name = ?').run(other, name);
}

function giveKey(project: Project, own: ShownClass, key: string | null): void {
  if (key === own.key) return;
  if (key !== null && !/^[\p{L}\p{N}]$/u.test(key)) throw new UserError('The key of a class is a letter or a digit.');
  const owner = key === null ? undefined : showClasses(project).find((one) => one.key === key);
  const set = project.database.prepare('UPDATE classes SET key = ? WHERE id = ?');
  project.database.prepare('UPDATE classes SET key = NULL WHERE key = ?').run(key);
  set.run(key, own.id);
  if (owner) set.run(own.key, owner.id);
}
