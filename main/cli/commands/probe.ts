import type { Command } from 'commander';
import type { DeviceChoice } from '../../contract/devices.ts';
import { defaultProbeSettings, type ProbedNetwork, type ProbeReport } from '../../contract/probes.ts';
import type { Pooling } from '../../contract/networks.ts';
import { useNetwork } from '../../networks/project-network.ts';
import { type Probed, probeNetwork } from '../../probing/probe.ts';
import { probedNetworks } from '../../probing/report.ts';
import { deviceOption, networkOption, number, poolingOption, seedOption, sizeOption } from '../options.ts';
import { answer } from '../session.ts';
import { type Cell, table } from '../table.ts';
import { listRefusals } from './data.ts';

interface ProbeOptions {
  readonly network?: string;
  readonly pool: Pooling;
  readonly size?: number;
  readonly items: number;
  readonly folds: number;
  readonly seed: number;
  readonly device: DeviceChoice;
}

/** Where in the network the classifier should sit, measured. */
export function addProbeCommand(program: Command): void {
  program
    .command('probe')
    .description('a linear classifier at every freeze point, cross-validated by group, and the domain shift by depth')
    .argument('<project>')
    .addOption(networkOption())
    .addOption(poolingOption())
    .addOption(sizeOption())
    .option(
      '--items <count>',
      'probe with about so many labelled items',
      number({ min: 20, max: 1_000_000, whole: true }),
      defaultProbeSettings.items,
    )
    .option(
      '--folds <count>',
      'folds of the cross-validation',
      number({ min: 2, max: 20, whole: true }),
      defaultProbeSettings.folds,
    )
    .addOption(seedOption())
    .addOption(deviceOption())
    .action(async (folder: string, options: ProbeOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const network = await useNetwork(studio, project, options.network);
        const { pool: pooling, size = null, items, folds, seed, device } = options;
        const settings = { pooling, size, items, folds, seed };
        const probed = await probeNetwork(studio, project, { network, settings, device }, control);
        const networks = probedNetworks(project, settings);
        return { json: { ...probed, networks }, text: describeProbes(probed) + describeNetworks(networks) };
      });
    });
}

function describeProbes({ report, warnings, failures, device }: Probed): string {
  const probe = report.points.at(0)?.probe;
  const rows = report.points.map(({ index, name, shape, probe: own, shift }): Cell[] => [
    index,
    name,
    shape.join('×'),
    own?.macroF1.value ?? null,
    own ? intervalText(own.macroF1) : '',
    shift ?? 'cannot be measured here',
    [
      ...(name === report.best ? ['best'] : []),
      ...(name === report.earliest ? ['earliest within one standard error'] : []),
    ].join(', '),
  ]);
  const last = report.points.at(-1)?.probe;
  return [
    `${report.network.name}: ${probe?.items.toLocaleString('en') ?? 0} items in ${probe?.groups.toLocaleString('en') ?? 0} groups, ${probe?.folds ?? 0} folds; none of the test part`,
    ...(device === undefined ? [] : [`Device: ${device}`]),
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...listRefusals(
      'Not read',
      failures.map(({ id, reason }) => ({ source: `item ${id}`, reason })),
    ),
    '',
    table(['', 'freeze point', 'shape', 'macro-F1', '95% interval', 'domain shift', ''], rows),
    '',
    shiftText(report.shift),
    ...(last?.hScore == null || last.logMe === null
      ? []
      : [
          `At the last point: H-score ${last.hScore.toFixed(3)}, LogME ${last.logMe.toFixed(3)} (hints among networks, no more)`,
        ]),
  ].join('\n');
}

/** The networks beside each other, where there are several. */
function describeNetworks(networks: readonly ProbedNetwork[]): string {
  if (networks.length < 2) return '';
  const rows = networks.map(({ name, best, hScore, logMe, stale }): Cell[] => [
    name,
    best?.point ?? '',
    best?.macroF1.value ?? null,
    best ? intervalText(best.macroF1) : '',
    hScore,
    logMe,
    stale ? 'stale' : '',
  ]);
  return `\n\n${table(['network', 'best point', 'macro-F1', '95% interval', 'H-score', 'LogME', ''], rows)}`;
}

function intervalText({ low, high }: { low: number | null; high: number | null }): string {
  return low === null || high === null ? '' : `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function shiftText(shift: ProbeReport['shift']): string {
  return shift?.layers
    ? `Domain shift: ${shift.layers} layers, ${shift.items.toLocaleString('en')} items; 0 is data like those of the pretraining`
    : 'The domain shift cannot be measured: the network keeps no statistics of the data it was pretrained on';
}
