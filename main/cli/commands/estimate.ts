import type { Command } from 'commander';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { EstimateReport } from '../../contract/estimates.ts';
import { calibrateEstimates, estimate } from '../../estimates/estimate.ts';
import { freezeNamed, useNetwork } from '../../networks/project-network.ts';
import { type FineTuningOptions, fineTuningOptions, settingsGiven } from '../fine-tuning-options.ts';
import { deviceOption, networkOption, sizeOption } from '../options.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';

interface EstimateOptions extends FineTuningOptions {
  readonly network?: string;
  readonly size?: number;
  readonly device: DeviceChoice;
  readonly again?: boolean;
}

/** What a fine-tuning would take: before it runs, and for every freeze point. */
export function addEstimateCommand(program: Command): void {
  const command = program
    .command('estimate')
    .description(
      'what a fine-tuning would take on this machine, at every freeze point: measured in some seconds, then kept',
    )
    .argument('<project>')
    .addOption(networkOption())
    .addOption(sizeOption())
    .addOption(deviceOption())
    .option('--again', 'measure anew, where it was measured already');
  for (const option of fineTuningOptions()) command.addOption(option.helpGroup('Options of fine-tuning, as of train:'));
  command.action(async (folder: string, options: EstimateOptions) => {
    await answer(command, async ({ studio, open, control }) => {
      const project = open(folder);
      const network = await useNetwork(studio, project, options.network);
      const { size, device, freeze } = options;
      const named = freeze === undefined ? undefined : freezeNamed(network, freeze);
      const request = { network, device, choice: settingsGiven(options), ...(size === undefined ? {} : { size }) };
      const known = await estimate(project, request);
      if (options.again || known.measured === null) await calibrateEstimates(studio, project, request, control);
      const report = await estimate(project, request);
      const stops = report.stops.filter((stop) => named === undefined || stop.freeze === named);
      return { json: { ...report, stops }, text: describeEstimate({ ...report, stops }) };
    });
  });
}

function describeEstimate({ network, size, items, batchSize, epochs, measured, stops }: EstimateReport): string {
  const rows = stops.map(({ freeze, parameters, share, onceSeconds, epochSeconds, memory, disk, views }): Cell[] => [
    freeze ?? 'none',
    parameters,
    `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`,
    onceSeconds === null ? null : secondsText(onceSeconds),
    epochSeconds === null ? 'cannot be trained' : secondsText(epochSeconds),
    memory === null ? null : megabytes(memory),
    freeze !== null && views === 0 ? 'too much' : megabytes(disk),
  ]);
  const heading = ['frozen to', 'parameters', 'of an epoch', 'once', 'an epoch', 'memory', 'on disk'];
  return [
    `${network.name} at ${size} px: ${items.train.toLocaleString('en')} items to train on, ${items.validation.toLocaleString('en')} to validate, ${batchSize} a step, ${epochs} epochs at most`,
    ...(measured ? [`Device: ${measured.device}`] : []),
    '',
    table(heading, rows),
    '',
    'Once: the activations at the freeze point, were none stored yet. Beside it come the codes that the classifier starts from,',
    'and the answers for all items at the end.',
  ].join('\n');
}

function secondsText(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds).toLocaleString('en')} s`;
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '–' : `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}
