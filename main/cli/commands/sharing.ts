import { type Command, Option } from 'commander';
import { type Statement, statementSchema } from '../../contract/cards.ts';
import { UserError } from '../../contract/errors.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import { importFormats } from '../../contract/images.ts';
import { offeredLicences } from '../../contract/licences.ts';
import type { SourceOptions } from '../../images/sources/index.ts';
import { cachedClassifier, openClassifier } from '../../sharing/classifier.ts';
import { exportRun } from '../../sharing/export.ts';
import { decide, predictionTable, predictSource } from '../../sharing/predict.ts';
import { finishedRun } from '../../training/runs.ts';
import { putCsv } from '../csv-output.ts';
import { deviceOption, number } from '../options.ts';
import { answer, type Session } from '../session.ts';
import { table } from '../table.ts';
import { listRefusals } from './data.ts';
import { cardLines } from './networks.ts';

interface PredictOptions extends SourceOptions {
  readonly csv?: string;
  readonly run?: number;
  readonly device: DeviceChoice;
}

interface ExportOptions extends Partial<Statement> {
  readonly run?: number;
  readonly out: string;
  readonly fold: boolean;
}

const runOption = (): Option =>
  new Option('--run <number>', 'the run; the last when left out').argParser(number({ min: 1, whole: true }));

/** Using a classifier on new images, and handing it on. */
export function addSharingCommands(program: Command): void {
  program
    .command('predict')
    .description('say what new images show')
    .argument('<classifier>', 'a project, or a classifier exported by Parfocal (.onnx)')
    .argument('<source>', 'a folder, an image, a .txt with a path a line, a CSV (with regions), or an annotation file')
    .option('--csv <file>', 'write a table of every answer; - for the standard output')
    .addOption(runOption())
    .addOption(
      new Option('--format <format>', 'what the source is').choices(['auto', ...importFormats]).default('auto'),
    )
    .option('--images <folder>', 'where the images lie that a source names')
    .option(
      '--point-size <pixels>',
      'side of the box about a point, for rows without width and height',
      number({ min: 1 }),
    )
    .addOption(deviceOption())
    .action(async (given: string, source: string, options: PredictOptions, command: Command) => {
      await answer(command, async (session) => {
        const classifier = await chooseClassifier(session, given, options.run);
        const report = await predictSource(session.studio, classifier, source, options, session.control);
        const { header, rows } = predictionTable(classifier, report.predictions);
        const said = classifier.card ? cardLines(classifier.card) : [];
        const notes = [...said, `Device: ${report.device}`, ...listRefusals('Refused', report.refused)];
        const counts = classifier.classes.map((name, index) => ({
          class: name,
          items: report.predictions.filter(({ probabilities }) => decide(probabilities).best === index).length,
        }));
        const json = {
          counts,
          device: report.device,
          refused: report.refused,
          predictions: report.predictions.map(({ record, probabilities }) => ({
            ...record,
            class: classifier.classes[decide(probabilities).best],
            probabilities: [...probabilities],
          })),
        };
        if (options.csv !== undefined) {
          const written = await putCsv(options.csv, header, rows);
          if (options.csv === '-') return { json, text: written };
          notes.unshift(written);
        }
        return {
          json,
          text: [
            table(
              ['class', 'items'],
              counts.map((one) => [one.class, one.items]),
            ),
            ...notes,
          ].join('\n'),
        };
      });
    });

  program
    .command('export')
    .description('write a run’s classifier as one file, with its model card, and check that it answers the same')
    .argument('<project>')
    .addOption(runOption())
    .addOption(new Option('--format <format>', 'what to write').choices(['onnx']).default('onnx'))
    .requiredOption('--out <folder>', 'where to')
    .option('--licence <licence>', `under which others may use it: ${offeredLicences.join(', ')}, or in words`)
    .option('--author <name>', 'who made it')
    .option('--notes <text>', 'what others should know of it')
    .option('--no-fold', 'leave BatchNormalization as it is; else it is put into the weights before it, for speed')
    .action(async (folder: string, options: ExportOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const { licence = '', author = '', notes = '' } = options;
        const statement = statementSchema.safeParse({ licence, author, notes });
        if (!statement.success) throw new UserError('Licence, author or notes are too long to go into a file.');
        const target = { folder: options.out, fold: options.fold, statement: statement.data };
        const report = await exportRun(studio, project, finishedRun(project, options.run), target, control);
        const { items, largestDifference } = report.agreement;
        const text = [
          ...report.files.map((file) => `Wrote ${file}`),
          `Checked on ${items.toLocaleString('en')} items: its probabilities differ from the studio’s by ${Number(largestDifference.toPrecision(2))} at most`,
        ];
        return { json: report, text: text.join('\n') };
      });
    });
}

async function chooseClassifier(
  { studio, open, control }: Session,
  given: string,
  run: number | undefined,
): ReturnType<typeof openClassifier> {
  if (given.toLowerCase().endsWith('.onnx')) return openClassifier(studio, given, control);
  const project = open(given);
  return cachedClassifier(studio, project, finishedRun(project, run), control);
}
