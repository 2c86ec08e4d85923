import { type Command, Option } from 'commander';
import type { DeviceChoice } from '../../contract/devices.ts';
import { UserError } from '../../contract/errors.ts';
import { parts } from '../../contract/images.ts';
import type { Pooling } from '../../contract/networks.ts';
import { type Method, methods } from '../../contract/runs.ts';
import { crossValidateRecipe } from '../../evaluation/cross-validate.ts';
import { createSplit, defaultSplit, type SplitReport } from '../../evaluation/project-split.ts';
import { type Grouping, groupings } from '../../items/labelled.ts';
import { selectPoint, useNetwork } from '../../networks/project-network.ts';
import { finishedRun, listRuns, type Run } from '../../training/runs.ts';
import { trainLinear } from '../../training/train-linear.ts';
import { describeEvaluation } from '../evaluation-text.ts';
import { deviceOption, networkOption, number, pointOption, poolingOption, seedOption, sizeOption } from '../options.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';
import { listRefusals } from './data.ts';

interface TrainOptions {
  readonly network?: string;
  readonly method: Method;
  readonly at: string;
  readonly pool: Pooling;
  readonly device: DeviceChoice;
  readonly seed: number;
  readonly size?: number;
}

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

  program
    .command('train')
    .description('train a classifier on CNN codes')
    .argument('<project>')
    .addOption(networkOption())
    .addOption(new Option('--method <method>', 'the linear classifier').choices(methods).default('softmax'))
    .addOption(pointOption('the freeze point whose codes are used: its name, its number, or last'))
    .addOption(poolingOption())
    .addOption(deviceOption())
    .addOption(seedOption())
    .addOption(sizeOption())
    .action(async (folder: string, options: TrainOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const network = await useNetwork(studio, project, options.network);
        const point = selectPoint(network, options.at);
        const { run, warnings, failures, device } = await trainLinear(
          studio,
          project,
          {
            network,
            point,
            method: options.method,
            pooling: options.pool,
            seed: options.seed,
            device: options.device,
            ...(options.size === undefined ? {} : { size: options.size }),
          },
          control,
        );
        const text = [
          `Run ${run.id}: ${describeRecipe(run)}`,
          ...(device === undefined ? [] : [`Device: ${device}`]),
          ...warnings.map((warning) => `Warning: ${warning}`),
          ...listRefusals(
            'Not read',
            failures.map(({ id, reason }) => ({ source: `item ${id}`, reason })),
          ),
          ...(run.result ? [describeCounts(run.result.counts)] : []),
          ...(run.result?.test
            ? ['', describeEvaluation(run.result.test)]
            : ['Nothing was held out, so nothing was measured.']),
        ];
        return { json: { run, warnings, failures, device }, text: text.join('\n') };
      });
    });

  program
    .command('runs')
    .description('list what was trained')
    .argument('<project>')
    .action(async (folder: string, _options: object, command: Command) => {
      await answer(command, ({ open }) => {
        const runs = listRuns(open(folder));
        const rows = runs.map((run): Cell[] => [
          run.id,
          run.created.slice(0, 16).replace('T', ' '),
          run.status,
          run.config.network.name,
          run.config.point,
          run.config.method,
          run.result?.test?.macroF1.value ?? null,
          run.result?.test?.accuracy.value ?? null,
        ]);
        const heading = ['run', 'made', 'status', 'network', 'freeze point', 'method', 'test macro-F1', 'accuracy'];
        return { json: runs, text: runs.length ? table(heading, rows) : 'Nothing was trained yet.' };
      });
    });

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
        const result = await crossValidateRecipe(studio, project, run.config, options.folds, control);
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

function describeRecipe({ config }: Run): string {
  const { method, network, point, pooling, preprocessing } = config;
  return `${method} on the codes of ${network.name} at ${point} (${pooling}, ${preprocessing.size} px), ${config.classes.length} classes`;
}

function describeCounts(counts: SplitReport['counts']): string {
  return parts.map((part) => `${counts[part].toLocaleString('en')} ${part}`).join(', ');
}

function describeSplit({ id, counts, warnings }: SplitReport): string {
  return [`Split ${id}: ${describeCounts(counts)}`, ...warnings.map((warning) => `Warning: ${warning}`)].join('\n');
}
