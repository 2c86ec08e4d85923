import type { ItemFilter, ItemOrder } from '../contract/api/items.ts';
import { distancesTo } from '../codes/similarity.ts';
import { answersOf, classesOfRun, type RunAnswers } from '../evaluation/answers.ts';
import { listGroups } from './images.ts';
import type { Project } from '../projects/project.ts';

interface Row {
  readonly id: number;
  readonly group: string | null;
  readonly classId: number | null;
}

const sqlOrders = {
  number: 'items.id',
  image: 'items.image_id, items.id',
  label: 'labels.class_id IS NULL, labels.class_id, items.id',
} as const;

/**
 * Numbers of the items that a view shows, in its order. Items that an order says nothing of (no answer, no code) come
 * last, by number.
 *
 * @throws UserError for a run that is not there, and for the order of similarity without codes
 */
export async function queryItems(project: Project, filter: ItemFilter, order: ItemOrder): Promise<number[]> {
  const rows = applyRunFilters(project, filter, findRows(project, filter, order));
  switch (order.by) {
    case 'group': {
      const places = new Map<string | null, number>(listGroups(project).map(({ name }, place) => [name, place]));
      return sortBy(rows, ({ group }) => places.get(group));
    }
    case 'similarity': {
      const distances = await distancesTo(project, order.to);
      return sortBy(rows, ({ id }) => distances.get(id));
    }
    case 'uncertainty': {
      const { byItem, suggestions } = answersOf(project, order.run);
      return sortBy(rows, ({ id }) => {
        const answer = byItem.get(id);
        return answer ? answer.probabilities[answer.predicted] : suggestions.get(id)?.probability;
      });
    }
    case 'confident-mistakes': {
      const answers = answersOf(project, order.run);
      const disagrees = disagreement(project, answers);
      // The surest mistake first, the surest right answer last.
      return sortBy(rows, (row) => {
        const answer = answers.byItem.get(row.id);
        if (!answer) return undefined;
        const sure = answer.probabilities[answer.predicted];
        return disagrees(row) ? -sure : sure;
      });
    }
    default:
      return rows.map(({ id }) => id);
  }
}

function findRows(project: Project, filter: ItemFilter, order: ItemOrder): Row[] {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const where = (condition: string, ...given: (string | number)[]): void => {
    conditions.push(condition);
    values.push(...given);
  };
  if (filter.label === 'unlabelled') where('labels.class_id IS NULL');
  else if (filter.label === 'labelled') where('labels.class_id IS NOT NULL');
  else if (filter.label !== undefined) where('labels.class_id = ?', filter.label);
  if (filter.group !== undefined) where('items.group_name = ?', filter.group);
  if (filter.imageId !== undefined) where('items.image_id = ?', filter.imageId);
  if (filter.source !== undefined) where('labels.class_id IS NOT NULL AND operation.source = ?', filter.source);
  const sourceJoins =
    filter.source === undefined
      ? ''
      : `JOIN label_events AS event ON event.id = labels.event_id
         JOIN label_operations AS operation ON operation.id = event.operation_id`;
  return project.database
    .prepare<(string | number)[], Row>(
      `SELECT items.id, items.group_name AS "group", labels.class_id AS classId FROM items LEFT JOIN labels ON labels.item_id = items.id ${sourceJoins}
       ${conditions.length ? `WHERE ${conditions.join(' AND ')}` : ''}
       ORDER BY ${order.by in sqlOrders ? sqlOrders[order.by as keyof typeof sqlOrders] : 'items.id'}`,
    )
    .all(...values);
}

function applyRunFilters(project: Project, { disagreesWithRun, heldOutBy, cell }: ItemFilter, rows: Row[]): Row[] {
  let left = rows;
  if (disagreesWithRun !== undefined) left = left.filter(disagreement(project, answersOf(project, disagreesWithRun)));
  if (heldOutBy !== undefined) {
    const { byItem } = answersOf(project, heldOutBy);
    left = left.filter(({ id }) => byItem.get(id)?.part === 'test');
  }
  if (cell) {
    const { byItem } = answersOf(project, cell.run);
    left = left.filter(({ id }) => {
      const answer = byItem.get(id);
      return answer?.part === 'test' && answer.truth === cell.truth && answer.predicted === cell.predicted;
    });
  }
  return left;
}

/** Whether an item's label, as it is now, differs from what a run answered. Unlabelled items disagree with nothing. */
function disagreement(project: Project, { run, byItem }: RunAnswers): (row: Row) => boolean {
  const classes = classesOfRun(project, run);
  return ({ id, classId }) => {
    const answer = byItem.get(id);
    return answer !== undefined && classId !== null && classes[answer.predicted] !== classId;
  };
}

/** Smallest value first; what has none last. Equal ones keep their order. */
function sortBy(rows: readonly Row[], value: (row: Row) => number | undefined): number[] {
  return rows
    .map((row) => ({ id: row.id, value: value(row) ?? Infinity }))
    .sort((a, b) => (a.value === b.value ? 0 : a.value - b.value))
    .map(({ id }) => id);
}
