import type { Command } from 'commander';
import type { CsvValue } from '../../images/csv.ts';
import { epochMetrics, runNotes, stepMetrics } from '../../training/metrics.ts';
import { findRun, listRuns } from '../../training/runs.ts';
import { UserError } from '../../contract/errors.ts';
import { putCsv } from '../csv-output.ts';
import { number } from '../options.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';

/** How the training of a run went. */
export function addMetricsCommand(program: Command): void {
  program
    .command('metrics')
    .description('how a fine-tuning went, or goes: its losses and scores by epoch, or by step')
    .argument('<project>')
    .option('--run <number>', 'the run; the last fine-tuned one when left out', number({ min: 1, whole: true }))
    .option('--steps', 'by step')
    .option('--csv <file>', 'write the table to a file; - for the standard output')
    .action(async (folder: string, options: { run?: number; steps?: boolean; csv?: string }, command: Command) => {
      await answer(command, async ({ open }) => {
        const project = open(folder);
        const last = listRuns(project).findLast(({ config }) => config.method === 'fine-tune');
        const run = options.run === undefined ? last : findRun(project, options.run);
        if (run?.config.method !== 'fine-tune')
          throw new UserError(
            run
              ? `Run ${run.id} was not fine-tuned: it has no epochs.`
              : `Nothing was fine-tuned in ${project.name} yet.`,
          );
        const epochs = epochMetrics(project, run.id);
        const steps = options.steps ? stepMetrics(project, run.id) : undefined;
        const notes = runNotes(project, run.id);
        const json = { run: run.id, status: run.status, epochs, ...(steps ? { steps } : {}), notes };
        const { header, rows } = steps ? ofSteps(steps) : ofEpochs(epochs);
        if (options.csv !== undefined) return { json, text: await putCsv(options.csv, header, rows) };
        const text = [
          table(
            header,
            rows.map((row) => row.map(asCell)),
            4,
          ),
          ...notes.map((note) => `Note: ${note.text}`),
        ];
        return { json, text: text.join('\n') };
      });
    });
}

function ofSteps(steps: ReturnType<typeof stepMetrics>): { header: string[]; rows: CsvValue[][] } {
  return {
    header: ['step', 'epoch', 'loss', 'rate'],
    rows: steps.map(({ step, epoch, loss, rate }) => [step, epoch, loss, rate]),
  };
}

function ofEpochs(epochs: ReturnType<typeof epochMetrics>): { header: string[]; rows: CsvValue[][] } {
  return {
    header: [
      'epoch',
      'loss',
      'validation loss',
      'validation accuracy',
      'validation macro-F1',
      'seconds',
      'images/s',
      'best',
    ],
    rows: epochs.map((one) => [
      one.epoch,
      one.trainLoss,
      one.validationLoss,
      one.validationAccuracy,
      one.validationMacroF1,
      one.seconds,
      one.imagesPerSecond,
      one.best ? 'best' : '',
    ]),
  };
}

/** Numbers as far as a person reads them; a file gets them whole. */
function asCell(value: CsvValue): Cell {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : (value ?? null);
}
