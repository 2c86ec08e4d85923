import { createReadStream, existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { Readable } from 'node:stream';
import { csvLines } from '../images/csv.ts';
import type { Project } from '../projects/project.ts';
import { listExports } from './exports.ts';
import { predictionTable } from './predict.ts';
import { type LastPrediction, predictedBy } from './predicted.ts';

/** A file to be saved where the browser is, which may be another computer. */
export interface Download {
  /** What to call it. */
  readonly name: string;
  /** In bytes, where that is known. */
  readonly size: number | undefined;
  readonly content: Readable;
}

/**
 * What a browser can fetch: `exports/NUMBER/FILE`, where it lies in the project's own folder, and the table of the last
 * prediction, `predictions/JOB`.
 *
 * @param path decoded
 * @returns undefined where this names nothing
 * @throws UserError when it names something that is gone
 */
export function findDownload(project: Project, last: LastPrediction, path: string): Download | undefined {
  const table = /^predictions\/(\d{1,15})$/.exec(path);
  if (table) {
    const { classifier, predictions, source } = predictedBy(last, Number(table[1]));
    const { header, rows } = predictionTable(classifier, predictions);
    const content = Readable.from(csvLines(header, rows));
    return { name: `${basename(source)} predicted.csv`, size: undefined, content };
  }
  const [, number, name] = /^exports\/(\d{1,15})\/([^/]+)$/.exec(path) ?? [];
  const exported = listExports(project).find(({ id }) => id === Number(number));
  const file = exported?.files.find((one) => basename(one) === name);
  if (file === undefined || !isOwn(project, file)) return undefined;
  return { name, size: statSync(file).size, content: createReadStream(file) };
}

/** Whether an exported file lies in the project's own folder of exports. Wherever else it was written, it is not handed out. */
export function isOwn({ exportsFolder }: Project, file: string): boolean {
  if (!existsSync(file)) return false;
  const [real, own] = [realpathSync(file), realpathSync(exportsFolder)];
  return dirname(real) === own || real.startsWith(own + sep);
}
