import { userInfo } from 'node:os';
import type { Project } from '../projects/project.ts';

export type LabelSource = 'hand' | 'suggestion' | 'import';

export interface LabelChange {
  readonly itemId: number;
  /** null takes the label away. */
  readonly classId: number | null;
}

/** Who labels: the name that this person is logged in by. */
export function currentAuthor(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry for this user id, as in some containers.
    return 'unknown';
  }
}

/**
 * Records labels as one operation, so that one undo takes all of them back. Items that have the wanted label already
 * are passed over; of several changes to one item the last counts.
 *
 * @returns how many items changed
 */
export function labelItems(project: Project, changes: readonly LabelChange[], source: LabelSource = 'hand'): number {
  const wanted = new Map(changes.map(({ itemId, classId }) => [itemId, classId]));
  return project.database.transaction(() => {
    const operation = beginOperation(project, 'label', null, source);
    const changed = record(
      project,
      operation,
      `SELECT value ->> 0 AS item_id, value ->> 1 AS class_id FROM json_each(?)`,
      JSON.stringify([...wanted]),
    );
    if (changed === 0) project.database.prepare('DELETE FROM label_operations WHERE id = ?').run(operation);
    return changed;
  })();
}

/**
 * Gives all labels of a class to another, or takes them away, as one operation: also where there are none.
 *
 * @returns the operation's number
 */
export function replaceLabels(project: Project, from: number, into: number | null): number {
  const operation = beginOperation(project, 'label', null, 'hand');
  record(project, operation, 'SELECT item_id, ? AS class_id FROM labels WHERE class_id = ?', into, from);
  return operation;
}

/**
 * Takes back the last operation that stands, back to the last import at most: what came with images is not undone key by
 * key. A new operation that stands beside the old ones: nothing is erased.
 *
 * @returns how many items changed; undefined when there is nothing to take back
 */
export function undoLabels(project: Project): number | undefined {
  return repeat(
    project,
    'undo',
    `SELECT MAX(id) FROM label_operations AS one WHERE kind = 'label'
       AND id > (SELECT COALESCE(MAX(id), 0) FROM label_operations WHERE source = 'import')
       AND (SELECT kind FROM label_operations AS answer WHERE answer.target = one.id ORDER BY answer.id DESC LIMIT 1)
           IS NOT 'undo'`,
    'previous_class_id',
  );
}

/** Makes again what the last undo took back, as long as nothing new was labelled since. */
export function redoLabels(project: Project): number | undefined {
  return repeat(
    project,
    'redo',
    // Of what was undone since the last new label and not redone after that, the oldest was undone last.
    `SELECT MIN(target) FROM label_operations AS one WHERE kind = 'undo'
       AND id > (SELECT MAX(id) FROM label_operations WHERE kind = 'label')
       AND NOT EXISTS (SELECT 1 FROM label_operations AS answer WHERE answer.target = one.target AND answer.id > one.id)`,
    'class_id',
  );
}

function repeat(project: Project, kind: 'undo' | 'redo', findTarget: string, column: string): number | undefined {
  return project.database.transaction(() => {
    const target = project.database.prepare<[], number | null>(findTarget).pluck().get();
    if (target === null || target === undefined) return undefined;
    const operation = beginOperation(project, kind, target, 'hand');
    const wanted = `SELECT item_id, ${column} AS class_id FROM label_events WHERE operation_id = ?`;
    return record(project, operation, wanted, target);
  })();
}

/** @returns the operation's number, for what belongs to it */
function beginOperation(
  project: Project,
  kind: 'label' | 'undo' | 'redo',
  target: number | null,
  source: LabelSource,
): number {
  const { lastInsertRowid } = project.database
    .prepare('INSERT INTO label_operations (kind, target, source, author, time) VALUES (?, ?, ?, ?, ?)')
    .run(kind, target, source, currentAuthor(), new Date().toISOString());
  return Number(lastInsertRowid);
}

/**
 * Records the labels that an operation gives, where they are others than before. In one statement: a hundred thousand
 * labels given at once must not hold up who labels beside.
 *
 * @param wanted a query for `item_id` and `class_id`
 * @returns how many items changed
 */
function record(project: Project, operation: number, wanted: string, ...values: readonly (number | string | null)[]) {
  return project.database
    .prepare(
      `INSERT INTO label_events (operation_id, item_id, class_id, previous_class_id)
       SELECT ?, wanted.item_id, wanted.class_id, labels.class_id
         FROM (${wanted}) AS wanted LEFT JOIN labels ON labels.item_id = wanted.item_id
        WHERE wanted.class_id IS NOT labels.class_id`,
    )
    .run(operation, ...values).changes;
}
