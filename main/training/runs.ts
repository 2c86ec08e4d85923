import { rm } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { UserError } from '../contract/errors.ts';
import { type CrossValidation, crossValidationSchema } from '../contract/evaluation.ts';
import type { Part } from '../contract/images.ts';
import { type RunConfig, runConfigSchema, type RunResult, runResultSchema, type RunStatus } from '../contract/runs.ts';
import { vectorBytes, vectorOf } from '../database/codes.ts';
import type { Project } from '../projects/project.ts';
import type { LabelledData } from '../trainer/labelled-data.ts';
import { hasCheckpoint, runFolder, trainedFile } from './run-files.ts';

export interface Run {
  readonly id: number;
  /** As the person calls it; null while it has no name. */
  readonly name: string | null;
  readonly created: string;
  readonly status: RunStatus;
  readonly config: RunConfig;
  readonly result: RunResult | null;
  readonly error: string | null;
}

/** An item as a run saw it, with the run's answer where it gave one. */
export interface RunItem {
  readonly itemId: number;
  readonly classIndex: number;
  readonly part: Part;
  readonly group: string;
  readonly probabilities: Float32Array | null;
}

/** What a run answers for an item that had no label: its likeliest class. */
export interface RunSuggestion {
  readonly itemId: number;
  readonly classIndex: number;
  readonly probability: number;
}

interface Row {
  readonly id: number;
  readonly name: string | null;
  readonly created: string;
  readonly status: RunStatus;
  readonly config: string;
  readonly result: string | null;
  readonly error: string | null;
}

function parse(row: Row): Run {
  return {
    ...row,
    config: runConfigSchema.parse(JSON.parse(row.config)),
    result: row.result === null ? null : runResultSchema.parse(JSON.parse(row.result)),
  };
}

const columns = 'id, name, created, status, config, result, error';

/** Every run, oldest first. */
export function listRuns(project: Project): Run[] {
  return project.database.prepare<[], Row>(`SELECT ${columns} FROM runs ORDER BY id`).all().map(parse);
}

/** @throws UserError when there is none of that number */
export function findRun(project: Project, id: number): Run {
  const row = project.database.prepare<[number], Row>(`SELECT ${columns} FROM runs WHERE id = ?`).get(id);
  if (!row) throw new UserError(`There is no run ${id} in ${project.name}.`, { onCommandLine: 'See: parfocal runs' });
  return parse(row);
}

/**
 * A run that ended well: the one of that number, or the last.
 *
 * @throws UserError when there is none, or when it did not end well
 */
export function finishedRun(project: Project, id?: number): Run & { result: RunResult } {
  const run = id === undefined ? lastFinished(project) : findRun(project, id);
  if (!run.result)
    throw new UserError(`Run ${run.id} has no result: it is ${run.status}.${run.error ? ` ${run.error}` : ''}`);
  return { ...run, result: run.result };
}

/**
 * The network that a run trained.
 *
 * @throws UserError when the run did not end well, or trained a classifier alone
 */
export function fineTunedFile(project: Project, id: number): string {
  const { config } = finishedRun(project, id);
  if (config.method === 'fine-tune') return trainedFile(project, id);
  throw new UserError(`Run ${id} trained a classifier alone: its network is ${config.network.name}, as it was.`);
}

function lastFinished(project: Project): Run {
  const row = project.database
    .prepare<[], Row>(`SELECT ${columns} FROM runs WHERE status = 'done' ORDER BY id DESC LIMIT 1`)
    .get();
  if (row) return parse(row);
  throw new UserError(`Nothing was trained in ${project.name} yet.`, { onCommandLine: 'Train with: parfocal train' });
}

/**
 * A run that ended before its time and can be gone on with.
 *
 * @throws UserError when there is none of that number, or when it is none of that kind
 */
export function pausedRun(project: Project, id: number): Run {
  const run = findRun(project, id);
  if (run.status !== 'paused')
    throw new UserError(`Run ${id} is ${run.status}. Only a run that is paused can be gone on with.`);
  if (!hasCheckpoint(project, id))
    throw new UserError(`The checkpoint of run ${id} is gone from ${runFolder(project, id)}. Train anew.`);
  return run;
}

/**
 * Records a run that begins, with the data set's version: which items, which labels, which split.
 *
 * @param viewKeys which pixels of each item it sees, for a run that may be gone on with later
 * @returns its number
 */
export function startRun(
  project: Project,
  config: RunConfig,
  data: LabelledData,
  viewKeys?: ReadonlyMap<number, string>,
): number {
  const insert = project.database.prepare(
    'INSERT INTO run_items (run_id, item_id, class_index, part, group_name, view_key) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return project.database.transaction(() => {
    const { lastInsertRowid } = project.database
      .prepare('INSERT INTO runs (created, status, network, config, environment) VALUES (?, ?, ?, ?, ?)')
      .run(
        new Date().toISOString(),
        'running',
        config.network.hash,
        JSON.stringify(config),
        JSON.stringify(environment()),
      );
    const id = Number(lastInsertRowid);
    for (const [row, itemId] of data.ids.entries())
      insert.run(id, itemId, data.classIndices[row], data.parts[row], data.groups[row], viewKeys?.get(itemId) ?? null);
    return id;
  })();
}

/** Says that a run is gone on with. */
export function continueRun(project: Project, id: number): void {
  project.database.prepare(`UPDATE runs SET status = 'running', error = NULL WHERE id = ?`).run(id);
}

/** What training came to. */
export interface Answered {
  readonly result: RunResult;
  /** [N, C], row by row of the run's items; NaN for an item that could not be read. */
  readonly probabilities: Float32Array;
  /** For items without a label: the likeliest class, −1 for one that could not be read, and its probability. */
  readonly suggestions: { readonly classIndices: Int32Array; readonly probabilities: Float32Array };
}

/**
 * Records the result and the answers in one transaction.
 *
 * @param ids the run's items
 * @param others those without a label
 */
export function finishRun(
  project: Project,
  id: number,
  ids: readonly number[],
  others: readonly number[],
  { result, probabilities, suggestions }: Answered,
): void {
  const answer = project.database.prepare('UPDATE run_items SET probabilities = ? WHERE run_id = ? AND item_id = ?');
  const suggest = project.database.prepare(
    'INSERT INTO run_suggestions (run_id, item_id, class_index, probability) VALUES (?, ?, ?, ?)',
  );
  const classes = probabilities.length / ids.length;
  project.database.transaction(() => {
    for (const [row, itemId] of ids.entries()) {
      const own = probabilities.slice(row * classes, (row + 1) * classes);
      if (!Number.isNaN(own[0])) answer.run(vectorBytes(own), id, itemId);
    }
    for (const [row, itemId] of others.entries()) {
      const classIndex = suggestions.classIndices[row];
      if (classIndex >= 0) suggest.run(id, itemId, classIndex, suggestions.probabilities[row]);
    }
    project.database
      .prepare(`UPDATE runs SET status = 'done', result = ? WHERE id = ?`)
      .run(JSON.stringify(result), id);
  })();
}

export function endRun(
  project: Project,
  id: number,
  status: 'paused' | 'failed' | 'cancelled',
  error: string | null,
): void {
  project.database.prepare('UPDATE runs SET status = ?, error = ? WHERE id = ?').run(status, error, id);
}

/** Calls a run something; an empty name takes its name away. @throws UserError when there is no such run */
export function renameRun(project: Project, id: number, name: string): void {
  const { changes } = project.database
    .prepare('UPDATE runs SET name = ? WHERE id = ?')
    .run(name.trim() === '' ? null : name.trim(), id);
  if (!changes) throw new UserError(`There is no run ${id} in ${project.name} any more.`);
}

/** Keeps what cross-validation of a run's recipe found, in place of what it found before. */
export function keepCrossValidation(project: Project, id: number, found: CrossValidation): void {
  project.database.prepare('UPDATE runs SET cross_validation = ? WHERE id = ?').run(JSON.stringify(found), id);
}

/** What the last cross-validation of a run's recipe found; null where there was none. */
export function crossValidationOf(project: Project, id: number): CrossValidation | null {
  const found = project.database
    .prepare<[number], string | null>('SELECT cross_validation FROM runs WHERE id = ?')
    .pluck()
    .get(id);
  return found == null ? null : crossValidationSchema.parse(JSON.parse(found));
}

/** Removes a run with its files. What was exported of it stays. @throws UserError while it is under way */
export async function deleteRun(project: Project, id: number): Promise<void> {
  const { changes } = project.database.prepare(`DELETE FROM runs WHERE id = ? AND status <> 'running'`).run(id);
  if (!changes) {
    const runs = project.database.prepare<[number]>('SELECT 1 FROM runs WHERE id = ?').get(id);
    throw new UserError(
      runs ? `Run ${id} is under way. Cancel it first.` : `There is no run ${id} in ${project.name} any more.`,
    );
  }
  await rm(runFolder(project, id), { recursive: true, force: true });
}

/**
 * Runs that a dead process left behind: those with a checkpoint can be gone on with. To be called where no run can be under
 * way: right after opening.
 */
export function endAbandonedRuns(project: Project): void {
  const abandoned = project.database.prepare<[], number>(`SELECT id FROM runs WHERE status = 'running'`).pluck().all();
  for (const id of abandoned)
    endRun(
      project,
      id,
      hasCheckpoint(project, id) ? 'paused' : 'failed',
      'The studio was ended while this run was under way.',
    );
}

export function* runItems(project: Project, id: number): Generator<RunItem> {
  const rows = project.database
    .prepare<[number], Omit<RunItem, 'probabilities'> & { answer: Buffer | null }>(
      `SELECT item_id AS itemId, class_index AS classIndex, part, group_name AS "group", probabilities AS answer
         FROM run_items WHERE run_id = ? ORDER BY item_id`,
    )
    .iterate(id);
  for (const { answer, ...item } of rows) yield { ...item, probabilities: answer && vectorOf(answer) };
}

/** The data set's version that a run was started with, in the order that it had then; `viewKeys` as they were recorded. */
export function recordedData(
  project: Project,
  { id, config }: Run,
): { data: LabelledData; viewKeys: (string | null)[] } {
  const rows = project.database
    .prepare<[number], { itemId: number; classIndex: number; part: Part; group: string; viewKey: string | null }>(
      `SELECT item_id AS itemId, class_index AS classIndex, part, group_name AS "group", view_key AS viewKey
         FROM run_items WHERE run_id = ? ORDER BY item_id`,
    )
    .all(id);
  return {
    data: {
      ids: rows.map((row) => row.itemId),
      classIndices: Int32Array.from(rows, (row) => row.classIndex),
      parts: rows.map((row) => row.part),
      groups: rows.map((row) => row.group),
      classNames: config.classes,
    },
    viewKeys: rows.map((row) => row.viewKey),
  };
}

export function runSuggestions(project: Project, id: number): RunSuggestion[] {
  return project.database
    .prepare<[number], RunSuggestion>(
      'SELECT item_id AS itemId, class_index AS classIndex, probability FROM run_suggestions WHERE run_id = ?',
    )
    .all(id);
}

/** What a run's figures may depend on beside its configuration. */
function environment(): Record<string, unknown> {
  return {
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
  };
}
