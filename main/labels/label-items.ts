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
  return project.database.transaction(() => {
    const current = currentLabels(project);
    const wanted = new Map(changes.map(({ itemId, classId }) => [itemId, classId]));
    const real = [...wanted]
      .map(([itemId, classId]) => ({ itemId, classId, previous: current(itemId) }))
      .filter((change) => change.classId !== change.previous);
    if (real.length) recordLabels(project, source, real);
    return real.length;
  })();
}

/**
 * Records changes as one operation, as they are; an operation without any is one too.
 *
 * @returns the operation's number
 */
export function recordLabels(
  project: Project,
  source: LabelSource,
  changes: readonly (LabelChange & { previous: number | null })[],
): number {
  return record(project, { kind: 'label', target: null, source }, changes);
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
    const events = project.database
      .prepare<[number], { itemId: number; classId: number | null }>(
        `SELECT item_id AS itemId, ${column} AS classId FROM label_events WHERE operation_id = ?`,
      )
      .all(target);
    const current = currentLabels(project);
    record(
      project,
      { kind, target, source: 'hand' },
      events.map((event) => ({ ...event, previous: current(event.itemId) })),
    );
    return events.length;
  })();
}

function currentLabels(project: Project): (itemId: number) => number | null {
  const statement = project.database
    .prepare<[number], number | null>('SELECT class_id FROM labels WHERE item_id = ?')
    .pluck();
  return (itemId) => statement.get(itemId) ?? null;
}

function record(
  project: Project,
  operation: { kind: 'label' | 'undo' | 'redo'; target: number | null; source: LabelSource },
  changes: readonly (LabelChange & { previous: number | null })[],
): number {
  const { lastInsertRowid } = project.database
    .prepare('INSERT INTO label_operations (kind, target, source, author, time) VALUES (?, ?, ?, ?, ?)')
    .run(operation.kind, operation.target, operation.source, currentAuthor(), new Date().toISOString());
  const insert = project.database.prepare(
    'INSERT INTO label_events (operation_id, item_id, class_id, previous_class_id) VALUES (?, ?, ?, ?)',
  );
  for (const { itemId, classId, previous } of changes) insert.run(lastInsertRowid, itemId, classId, previous);
  return Number(lastInsertRowid);
}
