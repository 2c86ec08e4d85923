import type { RunMetrics } from '../contract/api/learning.ts';
import { type EpochMetrics, epochMetricsSchema, type StepMetrics } from '../contract/fine-tuning.ts';
import type { Project } from '../projects/project.ts';
import type { FineTuneOutput } from '../trainer/jobs/fine-tune.ts';

/** Steps are stored this often, in milliseconds, and not one by one: a step may take a few of them. */
const storeInterval = 1000;

/** Takes what a training tells of itself. */
export interface MetricsWriter {
  take(output: FineTuneOutput): void;
  /** Stores what is still in memory. */
  flush(): void;
}

/**
 * Stores how a training goes, while it goes.
 *
 * @param onStored told when there is something new: about once a second, and with every epoch
 */
export function metricsWriter(project: Project, runId: number, onStored: () => void = () => undefined): MetricsWriter {
  const { database } = project;
  const insertStep = database.prepare(
    'INSERT OR REPLACE INTO run_steps (run_id, step, epoch, loss, rate) VALUES (?, ?, ?, ?, ?)',
  );
  const insertEpoch = database.prepare('INSERT OR REPLACE INTO run_epochs (run_id, epoch, metrics) VALUES (?, ?, ?)');
  const insertNote = database.prepare('INSERT INTO run_notes (run_id, time, text) VALUES (?, ?, ?)');
  const forgetSteps = database.prepare('DELETE FROM run_steps WHERE run_id = ? AND step > ?');
  const forgetEpochs = database.prepare('DELETE FROM run_epochs WHERE run_id = ? AND epoch > ?');
  let waiting: StepMetrics[] = [];
  let stored = performance.now();

  const insertAll = database.transaction((steps: readonly StepMetrics[]) => {
    for (const { step, epoch, loss, rate } of steps) insertStep.run(runId, step, epoch, loss, rate);
  });
  const flush = (): void => {
    if (waiting.length > 0) insertAll(waiting);
    waiting = [];
    stored = performance.now();
    onStored();
  };
  const forgetAfter = database.transaction((step: number, epoch: number) => {
    forgetSteps.run(runId, step);
    forgetEpochs.run(runId, epoch);
  });
  return {
    flush,
    take(output) {
      switch (output.kind) {
        case 'step':
          waiting.push(output.metrics);
          if (performance.now() - stored >= storeInterval) flush();
          break;
        case 'epoch':
          insertEpoch.run(runId, output.metrics.epoch, JSON.stringify(output.metrics));
          flush();
          break;
        case 'checkpoint':
          flush();
          break;
        case 'resumed':
          forgetAfter(output.step, output.epoch);
          break;
        case 'note':
          insertNote.run(runId, new Date().toISOString(), output.text);
          onStored();
          break;
        case 'failure':
      }
    },
  };
}

/** Of every step, in order. */
export function stepMetrics(project: Project, runId: number): StepMetrics[] {
  return project.database
    .prepare<[number], StepMetrics>('SELECT step, epoch, loss, rate FROM run_steps WHERE run_id = ? ORDER BY step')
    .all(runId);
}

/** Of every epoch, in order. */
export function epochMetrics(project: Project, runId: number): EpochMetrics[] {
  return project.database
    .prepare<[number], string>('SELECT metrics FROM run_epochs WHERE run_id = ? ORDER BY epoch')
    .pluck()
    .all(runId)
    .map((text) => epochMetricsSchema.parse(JSON.parse(text)));
}

/**
 * Metrics of a run as its charts show them: no more than about as many steps and epochs as there are points.
 *
 * @param points at least 2
 * @param range steps outside are left out; all are in it when absent
 */
export function chartMetrics(
  project: Project,
  runId: number,
  points: number,
  { from, to }: { readonly from: number; readonly to: number } = { from: 0, to: Number.MAX_SAFE_INTEGER },
): Omit<RunMetrics, 'rateShares'> {
  const { database } = project;
  // Steps are numbered without gaps, but for those that a death took.
  const steps = database
    .prepare<{ runId: number; points: number; from: number; to: number }, StepMetrics>(
      `WITH shown AS (SELECT * FROM run_steps WHERE run_id = @runId AND step BETWEEN @from AND @to),
            width AS (SELECT MIN(step) AS first, (MAX(step) - MIN(step)) / CAST(@points AS INTEGER) + 1 AS steps FROM shown)
       SELECT MAX(step) AS step, MAX(epoch) AS epoch, AVG(loss) AS loss, AVG(rate) AS rate
         FROM shown, width GROUP BY (step - width.first) / width.steps ORDER BY step`,
    )
    .all({ runId, points, from, to });
  const lastSteps = new Map(
    database
      .prepare<[number], [number, number]>('SELECT epoch, MAX(step) FROM run_steps WHERE run_id = ? GROUP BY epoch')
      .raw()
      .all(runId),
  );
  const epochs = epochMetrics(project, runId);
  const last = epochs.at(-1);
  const every = Math.ceil(epochs.length / points);
  const classes = Math.sqrt(last?.confusion?.length ?? 0);
  return {
    steps,
    epochs: epochs
      .filter((one, at) => at % every === 0 || one === last)
      .map((one) => ({ ...one, step: lastSteps.get(one.epoch) ?? 0 })),
    confusion: last?.confusion
      ? Array.from({ length: classes }, (_, row) => last.confusion!.slice(row * classes, (row + 1) * classes))
      : null,
    samples: (last?.samples ?? []).map((sample) => ({
      ...sample,
      truths: epochs
        .filter((one, at) => at % every === 0 || one === last)
        .flatMap(({ samples }) => samples?.find(({ itemId }) => itemId === sample.itemId)?.truthProbability ?? []),
    })),
    notes: runNotes(project, runId).map(({ text }) => text),
  };
}

export interface RunNote {
  /** ISO 8601. */
  readonly time: string;
  readonly text: string;
}

/** What happened on the way that the person should know. */
export function runNotes(project: Project, runId: number): RunNote[] {
  return project.database
    .prepare<[number], RunNote>('SELECT time, text FROM run_notes WHERE run_id = ? ORDER BY id')
    .all(runId);
}
