import type { Command } from 'commander';
import { advise } from '../../advisor/advise.ts';
import { measureForAdvice } from '../../advisor/measure.ts';
import type { Advice } from '../../contract/advice.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { Pooling } from '../../contract/networks.ts';
import { defaultProbeSettings, type ProbeSettings } from '../../contract/probes.ts';
import { plannedNetwork, useNetwork } from '../../networks/project-network.ts';
import type { Probed } from '../../probing/probe.ts';
import { deviceOption, networkOption, poolingOption, seedOption, sizeOption } from '../options.ts';
import { duration } from '../progress-line.ts';
import { answer } from '../session.ts';
import { listRefusals } from './data.ts';

interface AdviseOptions {
  readonly network?: string;
  readonly pool: Pooling;
  readonly size?: number;
  readonly seed: number;
  readonly device: DeviceChoice;
  readonly measure: boolean;
}

/** What to train and why. */
export function addAdviseCommand(program: Command): void {
  program
    .command('advise')
    .description('what to train and why: measures what it needs to know of the network and the items, and plans')
    .argument('<project>')
    .addOption(networkOption())
    .addOption(poolingOption())
    .addOption(sizeOption())
    .addOption(seedOption())
    .addOption(deviceOption())
    .option('--no-measure', 'say only what is known already')
    .action(async (folder: string, options: AdviseOptions, command: Command) => {
      await answer(command, async ({ studio, open, control }) => {
        const project = open(folder);
        const { pool, size, seed, device } = options;
        const settings = adviceSettings({ pool, seed, ...(size === undefined ? {} : { size }) });
        const named = options.network !== undefined;
        const network =
          options.measure || named
            ? await useNetwork(studio, project, options.network)
            : plannedNetwork(studio, project);
        const probed = options.measure
          ? await measureForAdvice(studio, project, { network, settings, device }, control)
          : undefined;
        const advice = await advise(project, { network, named, settings, device });
        return { json: advice, text: describeAdvice(advice, probed) };
      });
    });
}

/** What the advisor measures with, and plans for. */
export function adviceSettings(options: { pool: Pooling; seed: number; size?: number }): ProbeSettings {
  return { ...defaultProbeSettings, pooling: options.pool, size: options.size ?? null, seed: options.seed };
}

function describeAdvice(advice: Advice, probed: Probed | undefined): string {
  const { network, size, similarity, standing, plan, seconds, obstacle, missing, warnings } = advice;
  const { probes, shift, turning } = similarity;
  const facts = [
    `${size.labelled.toLocaleString('en')} labelled items of ${size.classes.length} classes, ${size.typical} of a typical class to train on; ${size.groups === null ? 'no groups known' : `${size.groups} groups`}`,
    ...(probes
      ? [
          `Probes of ${probes.points} freeze points: best ${probes.best.name} ${probes.best.macroF1.toFixed(3)}, last ${probes.last.name} ${probes.last.macroF1.toFixed(3)}, standard error ${probes.error.toFixed(3)}`,
        ]
      : []),
    ...(shift
      ? [`Domain shift: ${shift.early.toFixed(2)} in the first layers, ${shift.late.toFixed(2)} in the last`]
      : []),
    ...(turning
      ? [`Mean recall of items as they are ${turning.upright.toFixed(3)}, of items turned ${turning.turned.toFixed(3)}`]
      : []),
    standing,
  ];
  return [
    `${network.name}: ${plan ? plan.sentence : (obstacle ?? '')}`,
    ...(plan ? [`Expected: ${plan.expected.text}`, `Sureness: ${plan.sureness}. ${plan.because}`] : []),
    ...(seconds === null ? [] : [`Time: ${duration(seconds)} at most on this machine`]),
    '',
    ...facts,
    ...(plan
      ? [
          '',
          ...plan.choices.flatMap(({ topic, value, reason, source }) => [
            `${topic}: ${value}`,
            `  ${reason}${source === null ? '' : ` [${source}]`}`,
          ]),
        ]
      : []),
    ...(warnings.length ? ['', ...warnings.map(({ text }) => `Warning: ${text}`)] : []),
    ...(probed ? probed.warnings.map((warning) => `Warning: ${warning}`) : []),
    ...(probed
      ? listRefusals(
          'Not read',
          probed.failures.map(({ id, reason }) => ({ source: `item ${id}`, reason })),
        )
      : []),
    ...(missing.length ? ['', 'Not measured yet:', ...missing.map((text) => `  ${text}`)] : []),
    ...(plan ? ['', 'Carry it out with: parfocal train PROJECT --advised'] : []),
  ].join('\n');
}
