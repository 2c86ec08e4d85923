import { basename, resolve } from 'node:path';
import type { Control } from '../contract/progress.ts';
import { writeCsv } from '../images/csv.ts';
import { getSetting, setSetting } from '../projects/settings.ts';
import { api } from '../session/api.ts';
import type { Session } from '../session/session.ts';
import { finishedRun } from '../training/runs.ts';
import { cachedClassifier, type ClassifierFile, openClassifier } from './classifier.ts';
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
      setSetting(project, 'statement', input.statement);
      const job = session.jobs.start({ kind: 'export', title: `Exporting run ${run.id}` }, async (control) => {
        const { folder, statement } = input;
        await exportRun(studio, project, run, { folder: folder ?? project.exportsFolder, statement }, control);
        session.touch('exports');
      });
      return { job };
    }),
    statement: api.sharing.statement.handler(() => getSetting(session.project(), 'statement')),
    exports: api.sharing.exports.handler(() => {
      const project = session.project();
      return listExports(project).map((one) => ({
        ...one,
        files: one.files.map((path) => ({ path, own: isOwn(project, path) })),
      }));
    }),
    predict: api.sharing.predict.handler(({ input: { by, source } }) => {
      const project = session.project();
      const run = 'run' in by ? finishedRun(project, by.run).id : null;
      const classifierFor = (control: Control): Promise<ClassifierFile> =>
        'file' in by
          ? openClassifier(studio, resolve(by.file), control)
          : cachedClassifier(studio, project, finishedRun(project, by.run), control);
      const description = { kind: 'predict', title: `Predicting ${basename(source)}` } as const;
      const job = session.jobs.start(description, async (control, id) => {
        const classifier = await classifierFor(control);
        const report = await predictSource(studio, classifier, source, {}, control);
        session.computedOn(report.device);
        last.clear();
        last.set(id, { ...report, classifier, run, source });
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
        file: found.run === null ? found.classifier.path : null,
        card: found.run === null ? (found.classifier.card ?? null) : null,
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
