import { beforeAll, describe, expect, it } from 'vitest';
import { ensureClass, findClass, listClasses } from '../../main/labels/classes.ts';
import { labelItems, redoLabels, undoLabels } from '../../main/labels/label-items.ts';
import { listLabels } from '../../main/labels/list-labels.ts';
import type { Project } from '../../main/projects/project.ts';
import { valueOf, workshop } from '../support/core.ts';
import { randomNumbers } from '../support/networks.ts';

const work = workshop();

/** A project with unlabelled items, numbered from 1, and classes A to C, numbered from 1. */
function projectWithItems(name: string, count: number): Project {
  const project = work.project(name);
  const { database } = project;
  database.exec(
    `INSERT INTO images VALUES (1, 'hash', 0, '/images/one.png', 0, 1, 1, 'png', 1000, 10, 1, 3, 8, NULL, NULL, NULL)`,
  );
  const insert = database.prepare(
    `INSERT INTO items (image_id, kind, x, y, width, height, margin) VALUES (1, 'region', ?, 0, 10, 10, 0.1)`,
  );
  for (let at = 0; at < count; at++) insert.run(at * 10);
  for (const letter of 'ABC') ensureClass(project, letter);
  return project;
}

/** The current labels: a class number or null for each item, null too where it never had one. */
function labelsOf(project: Project): (number | null)[] {
  return project.database
    .prepare<[], number | null>(
      'SELECT class_id FROM items LEFT JOIN labels ON labels.item_id = items.id ORDER BY items.id',
    )
    .pluck()
    .all();
}

const eventsOf = (project: Project): unknown => valueOf(project, 'SELECT COUNT(*) FROM label_events');

describe('labels', () => {
  it('are events: the last one counts, and none is lost', () => {
    const project = projectWithItems('events', 2);
    expect(labelItems(project, [{ itemId: 1, classId: 1 }])).toBe(1);
    expect(labelItems(project, [{ itemId: 1, classId: 2 }], 'suggestion')).toBe(1);
    expect(labelItems(project, [{ itemId: 1, classId: null }])).toBe(1);
    expect(labelItems(project, [{ itemId: 1, classId: 3 }])).toBe(1);
    expect(labelsOf(project)).toEqual([3, null]);
    const history = [...listLabels(project, { history: true })];
    expect(history.map(({ item, label, source }) => [item, label, source])).toEqual([
      [1, 'A', 'hand'],
      [1, 'B', 'suggestion'],
      [1, null, 'hand'],
      [1, 'C', 'hand'],
    ]);
    expect(history.every(({ author, time }) => author !== '' && !Number.isNaN(Date.parse(time)))).toBe(true);
    expect([...listLabels(project)].map(({ item, label }) => [item, label])).toEqual([[1, 'C']]);
  });

  it('that are there already make no event', () => {
    const project = projectWithItems('same', 2);
    labelItems(project, [{ itemId: 1, classId: 1 }]);
    const changes = [
      { itemId: 1, classId: 1 },
      { itemId: 2, classId: null },
    ];
    expect(labelItems(project, changes)).toBe(0);
    expect(eventsOf(project)).toBe(1);
    expect(undoLabels(project)).toBe(1);
  });

  it('given twice in one act: the last one holds', () => {
    const project = projectWithItems('given twice', 1);
    labelItems(project, [{ itemId: 1, classId: 2 }]);
    const back = [
      { itemId: 1, classId: 1 },
      { itemId: 1, classId: 2 },
    ];
    expect(labelItems(project, back)).toBe(0);
    expect(labelsOf(project)).toEqual([2]);
    expect(labelItems(project, back.toReversed())).toBe(1);
    expect(labelsOf(project)).toEqual([1]);
    undoLabels(project);
    expect(labelsOf(project)).toEqual([2]);
  });

  it('of an item or a class that is not there change nothing', () => {
    const project = projectWithItems('nothing', 2);
    const changes = [
      { itemId: 1, classId: 1 },
      { itemId: 99, classId: 1 },
    ];
    expect(() => labelItems(project, changes)).toThrow('FOREIGN KEY');
    expect(labelsOf(project)).toEqual([null, null]);
    expect(valueOf(project, 'SELECT COUNT(*) FROM label_operations')).toBe(0);
  });
});

describe('undo and redo', () => {
  it('take whole acts back and make them again, as events of their own', () => {
    const project = projectWithItems('batches', 4);
    labelItems(
      project,
      [1, 2, 3].map((itemId) => ({ itemId, classId: 1 })),
    );
    labelItems(
      project,
      [2, 3, 4].map((itemId) => ({ itemId, classId: 2 })),
    );
    expect(undoLabels(project)).toBe(3);
    expect(labelsOf(project)).toEqual([1, 1, 1, null]);
    expect(undoLabels(project)).toBe(3);
    expect(labelsOf(project)).toEqual([null, null, null, null]);
    expect(undoLabels(project)).toBeUndefined();
    expect(redoLabels(project)).toBe(3);
    expect(redoLabels(project)).toBe(3);
    expect(labelsOf(project)).toEqual([1, 2, 2, 2]);
    expect(redoLabels(project)).toBeUndefined();
    expect(eventsOf(project)).toBe(18);
  });

  it('hold through closing and opening again', () => {
    const project = projectWithItems('reopened', 1);
    labelItems(project, [{ itemId: 1, classId: 1 }]);
    labelItems(project, [{ itemId: 1, classId: 2 }]);
    undoLabels(project);
    const again = work.reopen(project);
    expect(redoLabels(again)).toBe(1);
    expect(labelsOf(again)).toEqual([2]);
  });

  it('forget what was undone once something new is labelled, also after that is undone', () => {
    const project = projectWithItems('cleared', 3);
    labelItems(project, [{ itemId: 1, classId: 1 }]);
    labelItems(project, [{ itemId: 2, classId: 2 }]);
    undoLabels(project);
    labelItems(project, [{ itemId: 3, classId: 3 }]);
    expect(redoLabels(project)).toBeUndefined();
    undoLabels(project);
    expect(redoLabels(project)).toBe(1);
    expect(labelsOf(project)).toEqual([1, null, 3]);
    expect(redoLabels(project)).toBeUndefined();
  });

  it('stop at an import', () => {
    const project = projectWithItems('imported', 2);
    labelItems(project, [{ itemId: 1, classId: 1 }]);
    labelItems(project, [{ itemId: 2, classId: 2 }], 'import');
    expect(undoLabels(project)).toBeUndefined();
    labelItems(project, [{ itemId: 2, classId: 3 }]);
    expect(undoLabels(project)).toBe(1);
    expect(undoLabels(project)).toBeUndefined();
    expect(labelsOf(project)).toEqual([1, 2]);
    labelItems(project, [{ itemId: 1, classId: 2 }], 'import');
    expect(redoLabels(project)).toBeUndefined();
  });

  it('behave as a plain pair of stacks, whatever is done', () => {
    const items = 6;
    for (let seed = 1; seed <= 8; seed++) {
      const project = projectWithItems(`random ${seed}`, items);
      const model = new PlainLabels(items);
      const random = randomNumbers(seed);
      const below = (limit: number): number => Math.floor(((random() + 1) / 2) * limit);
      for (let step = 0; step < 150; step++) {
        const act = below(20);
        if (act < 8) {
          const changes = Array.from({ length: 1 + below(4) }, () => {
            const choice = below(4);
            return { itemId: 1 + below(items), classId: choice === 0 ? null : choice };
          });
          const source = act === 0 ? 'import' : 'hand';
          expect(labelItems(project, changes, source)).toBe(model.label(changes, source));
        } else if (act < 15) expect(undoLabels(project)).toBe(model.undo());
        else expect(redoLabels(project)).toBe(model.redo());
        expect(labelsOf(project), `seed ${seed}, step ${step}`).toEqual(model.current);
      }
      const last = [...listLabels(project)].map(({ item, label }) => [item, label]);
      const events = new Map([...listLabels(project, { history: true })].map(({ item, label }) => [item, label]));
      expect(last).toEqual([...events].sort(([a], [b]) => a - b));
    }
  });
});

interface Change {
  readonly item: number;
  readonly before: number | null;
  readonly after: number | null;
}

/** What the labels should do, written down as directly as can be. */
class PlainLabels {
  readonly current: (number | null)[];
  #done: Change[][] = [];
  #undone: Change[][] = [];

  constructor(items: number) {
    this.current = new Array<null>(items).fill(null);
  }

  label(changes: readonly { itemId: number; classId: number | null }[], source: 'hand' | 'import'): number {
    const wanted = new Map(changes.map(({ itemId, classId }) => [itemId - 1, classId]));
    const real = [...wanted]
      .filter(([item, after]) => this.current[item] !== after)
      .map(([item, after]) => ({ item, before: this.current[item], after }));
    if (real.length === 0) return 0;
    for (const { item, after } of real) this.current[item] = after;
    this.#undone = [];
    if (source === 'import') this.#done = [];
    else this.#done.push(real);
    return real.length;
  }

  undo(): number | undefined {
    const changes = this.#done.pop();
    if (!changes) return undefined;
    for (const { item, before } of changes) this.current[item] = before;
    this.#undone.push(changes);
    return changes.length;
  }

  redo(): number | undefined {
    const changes = this.#undone.pop();
    if (!changes) return undefined;
    for (const { item, after } of changes) this.current[item] = after;
    this.#done.push(changes);
    return changes.length;
  }
}

describe('classes', () => {
  let project: Project;
  beforeAll(() => {
    project = work.project('classes');
  });

  it('are made once for a name, whatever blanks stand around it', () => {
    const neutrophil = ensureClass(project, ' neutrophil ');
    expect(neutrophil.name).toBe('neutrophil');
    expect(ensureClass(project, 'neutrophil')).toEqual(neutrophil);
    ensureClass(project, 'Éosinophile, jeune');
    expect(listClasses(project).map(({ name }) => name)).toEqual(['neutrophil', 'Éosinophile, jeune']);
    expect(findClass(project, ' neutrophil')).toEqual(neutrophil);
    // As macOS writes file names: the accent as a character of its own.
    expect(ensureClass(project, 'E\u0301osinophile, jeune').id).toBe(listClasses(project)[1].id);
    expect(findClass(project, 'E\u0301osinophile, jeune').id).toBe(listClasses(project)[1].id);
  });

  it('need a name, and those that are not there are refused with those that are', () => {
    expect(() => ensureClass(project, '  ')).toThrow('A class needs a name.');
    expect(() => findClass(project, 'basophil')).toThrow(
      `There is no class basophil. The project's classes: neutrophil, Éosinophile, jeune.`,
    );
    expect(() => findClass(work.project('classless'), 'any')).toThrow('there are none yet');
  });
});
