import { basename, resolve } from 'node:path';
import { writeCsv } from '../images/csv.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { finishedRun } from '../training/runs.ts';
import { cachedClassifier } from './classifier.ts';
import { isOwn } from './downloads.ts';
import { exportRun } from './export.ts';
import { listExports } from './exports.ts';
import { decide, predictionTable, predictSource } from './predict.ts';
import { type LastPrediction, predictedBy } from './predicted.ts';
import { sortCopies } from './sort-copies.ts';

export function sharingRouter(session: Session, last: LastPrediction) {
  const { studio } = session;
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
    exports: api.sharing.exports.handler(() => {
      const project = session.project();
      return listExports(project).map((one) => ({
        ...one,
        files: one.files.map((path) => ({ path, own: isOwn(project, path) })),
      }));
    }),
    predict: api.sharing.predict.handler(({ input: { run: runId, source } }) => {
      const project = session.project();
      const run = finishedRun(project, runId);
      const description = { kind: 'predict', title: `Predicting ${basename(source)}` } as const;
      const job = session.jobs.start(description, async (control, id) => {
        const classifier = await cachedClassifier(studio, project, run, control);
        const report = await predictSource(studio, classifier, source, {}, control);
        session.computedOn(report.device);
        last.clear();
        last.set(id, { ...report, classifier, run: runId, source });
        session.touch('predictions');
      });
      return { job };
    }),
    predictions: api.sharing.predictions.handler(() => {
      const latest = last.entries().next().value;
      if (latest === undefined) return null;
      const [job, found] = latest;
      return {
        job,
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
      const { classifier, predictions } = predictedBy(last, input.job);
      const { header, rows } = predictionTable(classifier, predictions);
      await writeCsv(resolve(input.file), header, rows);
      return { rows: rows.length };
    }),
    sortCopies: api.sharing.sortCopies.handler(({ input }) => {
      const { classifier, predictions } = predictedBy(last, input.job);
      const description = { kind: 'copy', title: `Copying into ${basename(input.folder)}` } as const;
      const job = session.jobs.start(description, (control) =>
        sortCopies(classifier.classes, predictions, input.folder, control),
      );
      return { job };
    }),
  };
}
