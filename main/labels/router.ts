import { UserError } from '../contract/errors.ts';
import type { Project } from '../projects/project.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { checkClass, createClass, removeClass, updateClass } from './change-classes.ts';
import { showClasses } from './classes.ts';
import { labelItems, redoLabels, undoLabels } from './label-items.ts';

export function labelsRouter(session: Session) {
  /** One step of the history. It may bring classes back, or remove them again. */
  const step = (repeat: (project: Project) => number | undefined): { changed: number } | null => {
    const changed = repeat(session.project());
    if (changed === undefined) return null;
    session.touch('labels', 'classes');
    return { changed };
  };
  return {
    classes: api.labels.classes.handler(() => showClasses(session.project())),
    createClass: api.labels.createClass.handler(({ input }) => {
      const made = createClass(session.project(), input.name);
      session.touch('classes');
      return made;
    }),
    updateClass: api.labels.updateClass.handler(({ input: { id, ...changes } }) => {
      updateClass(session.project(), id, changes);
      session.touch('classes');
      return null;
    }),
    mergeClasses: api.labels.mergeClasses.handler(({ input }) => {
      removeClass(session.project(), input.from, input.into);
      session.touch('classes', 'labels');
      return null;
    }),
    deleteClass: api.labels.deleteClass.handler(({ input }) => {
      removeClass(session.project(), input.id, null);
      session.touch('classes', 'labels');
      return null;
    }),
    set: api.labels.set.handler(({ input: { ids, classId, source } }) => {
      const project = session.project();
      if (classId !== null) checkClass(project, classId);
      refuseUnknown(project, ids);
      const changed = labelItems(
        project,
        ids.map((itemId) => ({ itemId, classId })),
        source,
      );
      if (changed) session.touch('labels');
      return { changed };
    }),
    undo: api.labels.undo.handler(() => step(undoLabels)),
    redo: api.labels.redo.handler(() => step(redoLabels)),
  };
}

/** Another window may have removed items meanwhile. */
function refuseUnknown(project: Project, ids: readonly number[]): void {
  const unknown = project.database
    .prepare<[string]>('SELECT 1 FROM json_each(?) WHERE value NOT IN (SELECT id FROM items) LIMIT 1')
    .get(JSON.stringify(ids));
  if (unknown) throw new UserError('Some of these items are not in the project any more. Nothing was labelled.');
}
