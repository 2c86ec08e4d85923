import { rm } from 'node:fs/promises';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { Part } from '../contract/images.ts';
import { type RunConfig, runConfigSchema, type RunResult, runResultSchema, type RunStatus } from '../contract/runs.ts';
import { vectorBytes, vectorOf } from '../database/codes.ts';
import type { Project } from '../projects/project.ts';

export interface Run {
  readonly id: number;
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

const columns = 'id, created, status, config, result, error';

/** Every run, oldest first. */
export function listRuns(project: Project): Run[] {
  return project.database.prepare<[], Row>(`SELECT ${columns} FROM runs ORDER BY id`).all().map(parse);
}

/**
 * A run that ended well: the one of that number, or the last.
 *
 * @throws UserError when there is none, or when it did not end well
 */
export function finishedRun(project: Project, id?: number): Run & { result: RunResult } {
  const row =
    id === undefined
      ? project.database
          .prepare<[], Row>(`SELECT ${columns} FROM runs WHERE status = 'done' ORDER BY id DESC LIMIT 1`)
          .get()
      : project.database.prepare<[number], Row>(`SELECT ${columns} FROM runs WHERE id = ?`).get(id);
  if (!row) {
    throw id === undefined
      ? new UserError(`Nothing was trained in ${project.name} yet.`, { onCommandLine: 'Train with: parfocal train' })
      : new UserError(`There is no run ${id} in ${project.name}.`, { onCommandLine: 'See: parfocal runs' });
  }
  const run = parse(row);
  if (!run.result)
    throw new UserError(`Run ${run.id} has no result: it is ${run.status}.${run.error ? ` ${run.error}` : ''}`);
  return { ...run, result: run.result };
}

export function startRun(project: Project, config: RunConfig): number {
  const { lastInsertRowid } = project.database
    .prepare('INSERT INTO runs (created, status, network, config, environment) VALUES (?, ?, ?, ?, ?)')
    .run(
      new Date().toISOString(),
      'running',
      config.network.hash,
      JSON.stringify(config),
      JSON.stringify(environment()),
    );
  return Number(lastInsertRowid);
}

/** Records the result, the data set's version and the answers in one transaction. */
export function finishRun(
  project: Project,
  id: number,
  result: RunResult,
  items: Iterable<RunItem>,
  suggestions: Iterable<RunSuggestion> = [],
): void {
  const insert = project.database.prepare(
    'INSERT INTO run_items (run_id, item_id, class_index, part, group_name, probabilities) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const suggest = project.database.prepare(
    'INSERT INTO run_suggestions (run_id, item_id, class_index, probability) VALUES (?, ?, ?, ?)',
  );
  project.database.transaction(() => {
    for (const { itemId, classIndex, probability } of suggestions) suggest.run(id, itemId, classIndex, probability);
    for (const item of items) {
      const answer = item.probabilities && vectorBytes(item.probabilities);
      insert.run(id, item.itemId, item.classIndex, item.part, item.group, answer);
    }
    project.database
      .prepare(`UPDATE runs SET status = 'done', result = ? WHERE id = ?`)
      .run(JSON.stringify(result), id);
  })();
}

export function endRun(project: Project, id: number, status: 'failed' | 'cancelled', error: string): void {
  project.database.prepare('UPDATE runs SET status = ?, error = ? WHERE id = ?').run(status, error, id);
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
  await rm(join(project.runsFolder, String(id)), { recursive: true, force: true });
}

/** Runs that a dead process left behind. To be called where no run can be under way: right after opening. */
export function endAbandonedRuns(project: Project): void {
  project.database
    .prepare(
      `UPDATE runs SET status = 'failed', error = 'The studio was ended while this run was under way.' WHERE status = 'running'`,
    )
    .run();
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
