import { basename } from 'node:path';
import type { ImportReport } from '../contract/api/items.ts';
import type { Session } from '../session/session.ts';
import { importItems, type ImportOptions } from './import.ts';

/** What was imported so far is shown this often, in milliseconds. */
const showEvery = 1000;

/**
 * Imports as a job; its report goes to `reports`.
 *
 * @returns the job's number
 */
export function startImport(
  session: Session,
  reports: Map<number, ImportReport>,
  source: string,
  options: ImportOptions,
): number {
  const project = session.project();
  const description = { kind: 'import', title: `Importing ${basename(source)}`, lasting: true } as const;
  return session.jobs.start(description, async (control, id) => {
    let shown = performance.now();
    try {
      const report = await importItems(project, source, options, {
        ...control,
        onProgress: (progress) => {
          control.onProgress(progress);
          if (performance.now() - shown < showEvery) return;
          shown = performance.now();
          session.touch('items', 'labels', 'classes');
        },
      });
      reports.set(id, { ...report, conflicts: [...report.conflicts], refused: [...report.refused] });
    } finally {
      session.touch('items', 'labels', 'classes');
    }
  });
}
