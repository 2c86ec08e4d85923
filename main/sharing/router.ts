import { basename, resolve } from 'node:path';
import { UserError } from '../contract/errors.ts';
import { writeCsv } from '../images/csv.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { finishedRun } from '../training/runs.ts';
import { cachedClassifier, type ClassifierFile } from './classifier.ts';
import { exportRun } from './export.ts';
import { listExports } from './exports.ts';
import { decide, type PredictionReport, predictionTable, predictSource } from './predict.ts';
import { sortCopies } from './sort-copies.ts';

interface Predicted extends PredictionReport {
  readonly run: number;
  readonly source: string;
  readonly classifier: ClassifierFile;
}

export function sharingRouter(session: Session) {
  const { studio } = session;
  const results = session.results<Predicted>();
  const predicted = (job: number): Predicted => {
    const found = results.get(job);
    if (!found) throw new UserError('These predictions are gone. Predict again.');
    return found;
  };
  return {
    export: api.sharing.export.handler(({ input }) => {
      const project = session.project();
      const run = finishedRun(project, input.run);
      const job = session.jobs.start({ kind: 'export', title: `Exporting run ${run.id}` }, async (control) => {
        await exportRun(studio, project, run, { folder: input.folder ?? project.exportsFolder }, control);
        session.touch('exports');
      });
      return { job };
    }),
    exports: api.sharing.exports.handler(() =>
      listExports(session.project()).map((one) => ({ ...one, files: [...one.files] })),
    ),
    predict: api.sharing.predict.handler(({ input: { run: runId, source } }) => {
      const project = session.project();
      const run = finishedRun(project, runId);
      const description = { kind: 'predict', title: `Predicting ${basename(source)}` } as const;
      const job = session.jobs.start(description, async (control, id) => {
        const classifier = await cachedClassifier(studio, project, run, control);
        const report = await predictSource(studio, classifier, source, {}, control);
        session.computedOn(report.device);
        results.set(id, { ...report, classifier, run: runId, source });
      });
      return { job };
    }),
    predictions: api.sharing.predictions.handler(({ input }) => {
      const found = results.get(input.job);
      if (!found) return null;
      return {
        run: found.run,
        source: found.source,
        classes: found.classifier.classes,
        refused: [...found.refused],
        rows: found.predictions.map(({ record: { image, page = 0, box }, probabilities }) => {
          const { best, probability, margin } = decide(probabilities);
          return { image, page, region: box !== undefined, predicted: best, probability, margin };
        }),
      };
    }),
    savePredictions: api.sharing.savePredictions.handler(async ({ input }) => {
      const { classifier, predictions } = predicted(input.job);
      const { header, rows } = predictionTable(classifier, predictions);
      await writeCsv(resolve(input.file), header, rows);
      return { rows: rows.length };
    }),
    sortCopies: api.sharing.sortCopies.handler(async ({ input }) => {
      const { classifier, predictions } = predicted(input.job);
      return { copied: await sortCopies(classifier.classes, predictions, input.folder) };
    }),
  };
}
