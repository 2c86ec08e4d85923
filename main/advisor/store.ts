import type { z } from 'zod';
import { lookalikesSchema, turningResultSchema } from '../contract/advice.ts';
import type { Kept } from '../probing/store.ts';
import type { Project } from '../projects/project.ts';

/** What the advisor measures beside the probes, and how each is kept. */
const results = { turning: turningResultSchema, lookalikes: lookalikesSchema };
type Results = { [Kind in keyof typeof results]: z.infer<(typeof results)[Kind]> };
export type Kind = keyof Results;

/** What a measurement was made with; other settings, other measurement. */
export interface MeasuredWith {
  /** Content hash. */
  readonly network: string;
  readonly settings: unknown;
}

interface Row {
  readonly madeFrom: string;
  readonly created: string;
  readonly result: string;
}

export function keptMeasurement<K extends Kind>(
  project: Project,
  kind: K,
  { network, settings }: MeasuredWith,
): Kept<Results[K]> | undefined {
  const row = project.database
    .prepare<[string, string, string], Row>(
      'SELECT made_from AS madeFrom, created, result FROM measurements WHERE kind = ? AND network = ? AND settings = ?',
    )
    .get(kind, network, JSON.stringify(settings));
  return row && { ...row, result: results[kind].parse(JSON.parse(row.result)) as Results[K] };
}

/** Keeps a measurement, in place of an earlier one with the same settings. */
export function keepMeasurement<K extends Kind>(
  project: Project,
  kind: K,
  { network, settings }: MeasuredWith,
  { madeFrom, result }: Omit<Kept<Results[K]>, 'created'>,
): void {
  project.database
    .prepare(
      'INSERT OR REPLACE INTO measurements (kind, network, settings, made_from, created, result) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(kind, network, JSON.stringify(settings), madeFrom, new Date().toISOString(), JSON.stringify(result));
}
