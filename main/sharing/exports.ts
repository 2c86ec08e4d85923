import { z } from 'zod';
import type { Project } from '../projects/project.ts';
import type { ExportReport } from './export.ts';

export interface RecordedExport extends ExportReport {
  readonly id: number;
  readonly run: number;
  /** ISO 8601. */
  readonly created: string;
}

/** Remembers what was handed out. */
export function recordExport(project: Project, run: number, { files, agreement }: ExportReport): void {
  project.database
    .prepare('INSERT INTO exports (run_id, created, files, checked_items, largest_difference) VALUES (?, ?, ?, ?, ?)')
    .run(run, new Date().toISOString(), JSON.stringify(files), agreement.items, agreement.largestDifference);
}

/** Everything that was handed out, the last first. */
export function listExports(project: Project): RecordedExport[] {
  return project.database
    .prepare<[], { id: number; run: number; created: string; files: string; items: number; largestDifference: number }>(
      `SELECT id, run_id AS run, created, files, checked_items AS items, largest_difference AS largestDifference
         FROM exports ORDER BY id DESC`,
    )
    .all()
    .map(({ id, run, created, files, items, largestDifference }) => ({
      id,
      run,
      created,
      files: z.array(z.string()).parse(JSON.parse(files)),
      agreement: { items, largestDifference },
    }));
}
