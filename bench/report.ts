import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../main/cli/table.ts';
import { machine } from './machine.ts';

/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the project aims at. Told beside the figure; a bench never fails on it. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** Figures that were measured in one process, with the most memory that it held. */
export interface Measured {
  readonly bench: string;
  readonly figures: readonly Figure[];
  readonly peakMemoryMB: number;
  /** Why there are no figures, where there are none. */
  readonly skipped?: string;
}

/** Prints a table and keeps the same as JSON in `bench-results/`. */
export function report(results: readonly Measured[]): void {
  const rows = results.flatMap(({ bench, figures, peakMemoryMB, skipped }) =>
    skipped === undefined
      ? figures.map(({ name, value, unit, goal }) => [
          bench,
          name,
          `${Number(value.toPrecision(3))} ${unit}`,
          goal ? describeGoal(goal, unit) : '',
          goal ? (reached(goal, value) ? 'yes' : 'no') : '',
          `${peakMemoryMB.toFixed(0)} MB`,
        ])
      : [[bench, `skipped: ${skipped}`, '', '', '', '']],
  );
  console.log(`${machine}\n\n${table(['bench', 'figure', 'measured', 'goal', 'reached', 'memory'], rows)}`);
  const folder = join(import.meta.dirname, '..', 'bench-results');
  mkdirSync(folder, { recursive: true });
  const time = new Date().toISOString();
  const file = join(folder, `${time.replaceAll(':', '')}.json`);
  writeFileSync(file, JSON.stringify({ time, machine, results }, undefined, 2));
  console.log(`\nKept in ${file}`);
}

function describeGoal(goal: NonNullable<Figure['goal']>, unit: string): string {
  return 'atMost' in goal ? `at most ${goal.atMost} ${unit}` : `at least ${goal.atLeast} ${unit}`;
}

function reached(goal: NonNullable<Figure['goal']>, value: number): boolean {
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}

/** The middle of some durations, or another share of them. */
export function quantile(values: readonly number[], share = 0.5): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
