import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ImportReport } from '../contract/api/items.ts';
import { UserError } from '../contract/errors.ts';
import { startImport } from '../items/import-job.ts';
import type { Session } from '../session/session.ts';
import { isProject, projectEnding } from './project.ts';

/**
 * Opens the sample, as a project of this person's own: made on the first time, with a job that brings its images in.
 *
 * @param source the folder of the images that ship with the studio
 * @param reports where the import's report goes
 */
export async function openSample(session: Session, source: string, reports: Map<number, ImportReport>): Promise<void> {
  const table = join(source, 'regions.csv');
  if (!existsSync(table)) throw new UserError(`The sample is missing from this installation: there is no ${table}.`);
  const folder = join(session.studio.dataFolder, 'samples', `Sample${projectEnding}`);
  await session.open(folder, isProject(folder) ? 'open' : 'create');
  const empty = !session.project().database.prepare('SELECT 1 FROM items LIMIT 1').get();
  if (empty) startImport(session, reports, table, { group: 'column', copy: true });
}
