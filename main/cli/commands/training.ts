import { type Command, Option } from 'commander';
import { UserError } from '../../contract/errors.ts';
import { crossValidateRecipe } from '../../evaluation/cross-validate.ts';
import { createSplit, defaultSplit, type SplitReport } from '../../evaluation/project-split.ts';
import { type Grouping, groupings } from '../../items/labelled.ts';
import { finishedRun, listRuns, renameRun } from '../../training/runs.ts';
import { describeEvaluation } from '../evaluation-text.ts';
import { wrongUsage } from '../failure.ts';
import { number, seedOption } from '../options.ts';
import { describeCounts, describeRecipe, freezePointOf } from '../run-text.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';
import { addMetricsCommand } from './metrics.ts';
import { addTrainCommand } from './train.ts';

/** Dividing what is labelled, training on it, and measuring honestly. */
export function addTrainingCommands(program: Command): void {
  const share = number({ min: 0, max: 0.9 });
  program
    .command('split')
    .description('divide the labelled items into training, validation and test')
    .argument('<project>')
    .option('--test <share>', 'held out until the very end', share, defaultSplit.test)
    .option('--validation <share>', 'for choices made in training', share, defaultSplit.validation)
    .addOption(new Option('--by <what>', 'what is never divided').choices(groupings).default(defaultSplit.by))
    .addOption(seedOption())
    .action(
      async (
        folder: string,
        options: { test: number; validation: number; by: Grouping; seed: number },
        command: Command,
      ) => {
        await answer(command, ({ open }) => {
          const { test, validation, by, seed } = options;
          const split = createSplit(open(folder), { test, validation, by, seed });
          const { id, config, counts, warnings } = split;
          return { json: { id, config, counts, warnings }, text: describeSplit(split) };
        });
      },
    );

  addTrainCommand(program);

  program
    .command('runs')
    .description('list what was trained, or give a run a name')
    .argument('<project>')
    .option('--rename <run>', 'the run to give a name, by its number', number({ min: 1, whole: true }))
    .option('--name <name>', 'its name; an empty one takes it away')
    .action(async (folder: string, options: { rename?: number; name?: string }, command: Command) => {
      if ((options.rename === undefined) !== (options.name === undefined))
        command.error("error: '--rename <run>' and '--name <name>' go together", { exitCode: wrongUsage });
      await answer(command, ({ open }) => {
        const project = open(folder);
        if (options.rename !== undefined) renameRun(project, options.rename, options.name ?? '');
        const runs = listRuns(project);
        const rows = runs.map((run): Cell[] => [
          run.id,
          run.name,
          run.created.slice(0, 16).replace('T', ' '),
          run.status,
          run.config.network.name,
          freezePointOf(run),
          run.config.method,
          run.result?.test?.macroF1.value ?? null,
          run.result?.test?.accuracy.value ?? null,
        ]);
        const heading = [
          'run',
          'name',
          'made',
          'status',
          'network',
          'freeze point',
          'method',
          'test macro-F1',
          'accuracy',
        ];
        return { json: runs, text: runs.length ? table(heading, rows) : 'Nothing was trained yet.' };
      });
    });

  addMetricsCommand(program);

  program
    .command('evaluate')
    .description('how good a run is, on what was held out; or its recipe by cross-validation')
    .argument('<project>')
    .option('--run <number>', 'the run; the last when left out', number({ min: 1, whole: true }))
    .option('--folds <count>', 'cross-validate the run’s recipe over groups', number({ min: 2, max: 100, whole: true }))
    .action(async (folder: string, options: { run?: number; folds?: number }, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const run = finishedRun(project, options.run);
        const heading = `Run ${run.id}: ${describeRecipe(run)}`;
        if (options.folds === undefined) {
          const { test } = run.result;
          if (!test)
            throw new UserError(
              `Run ${run.id} held nothing out. Make a split with a test part and train again, or use --folds.`,
            );
          return { json: { run: run.id, evaluation: test }, text: `${heading}\n\n${describeEvaluation(test)}` };
        }
        const result = await crossValidateRecipe(studio, project, run, options.folds, control);
        const scores = table(
          ['fold', 'items', 'macro-F1', 'accuracy'],
          result.foldScores.map((fold, index) => [index + 1, fold.items, fold.macroF1, fold.accuracy]),
        );
        const warnings = result.warnings.map((warning) => `Warning: ${warning}\n`).join('');
        const text = `${heading}\n${warnings}\n${scores}\n\nAll folds together\n${describeEvaluation(result.evaluation)}`;
        return { json: { run: run.id, ...result }, text };
      });
    });
}

function describeSplit({ id, counts, warnings }: SplitReport): string {
  return [`Split ${id}: ${describeCounts(counts)}`, ...warnings.map((warning) => `Warning: ${warning}`)].join('\n');
}
