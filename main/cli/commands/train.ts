import { type Command, Option } from 'commander';
import { measureForAdvice } from '../../advisor/measure.ts';
import { usePlan } from '../../advisor/use-plan.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { EpochMetrics } from '../../contract/fine-tuning.ts';
import type { Pooling } from '../../contract/networks.ts';
import { type Method, methods } from '../../contract/runs.ts';
import { currentSplit } from '../../evaluation/project-split.ts';
import type { StoredNetwork } from '../../networks/library.ts';
import { freezeNamed, networkOf, selectPoint, useNetwork } from '../../networks/project-network.ts';
import type { Project } from '../../projects/project.ts';
import { fineTune, resumeRun } from '../../training/fine-tune.ts';
import { fineTuningOf } from '../../training/fine-tuning-defaults.ts';
import { runNotes } from '../../training/metrics.ts';
import type { Recipe, TrainReport } from '../../training/recipe.ts';
import { trainAs } from '../../training/train.ts';
import { trainLinear } from '../../training/train-linear.ts';
import { describeEvaluation } from '../evaluation-text.ts';
import { type FineTuningOptions, fineTuningOptions, settingsGiven } from '../fine-tuning-options.ts';
import { deviceOption, networkOption, number, pointOption, poolingOption, seedOption, sizeOption } from '../options.ts';
import { describeCounts, describeRecipe, describeTraining } from '../run-text.ts';
import { type Answer, answer, type Session } from '../session.ts';
import { adviceSettings } from './advise.ts';
import { listRefusals } from './data.ts';

interface TrainOptions extends FineTuningOptions {
  readonly network?: string;
  readonly method: Method;
  readonly at: string;
  readonly pool: Pooling;
  readonly device: DeviceChoice;
  readonly seed: number;
  readonly size?: number;
  readonly resume?: number;
  readonly advised?: true;
}

/** Of a linear classifier alone. */
const linearOptions = (): Option[] => [
  pointOption('the freeze point whose codes are used: its name, its number, or last'),
  poolingOption(),
];

/** What a plan leaves open. */
const besidePlan: readonly string[] = ['--advised', '--network', '--pool', '--size', '--seed', '--device', '--json'];

/** The linear classifiers, fine-tuning, and going on with a run that was paused. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a classifier: a linear one on CNN codes, or by fine-tuning the network')
    .argument('<project>')
    .addOption(networkOption())
    .addOption(new Option('--method <method>', 'a linear classifier, or fine-tune').choices(methods).default('softmax'))
    .addOption(deviceOption())
    .addOption(seedOption())
    .addOption(sizeOption());
  for (const option of linearOptions()) command.addOption(option.helpGroup('Options of the linear methods:'));
  for (const option of fineTuningOptions()) command.addOption(option.helpGroup('Options of fine-tuning:'));
  command
    .option('--advised', 'carry out the advised plan; what it needs to know is measured first')
    .option('--resume <run>', 'go on with a run that was paused, as it was told', number({ min: 1, whole: true }))
    .action(async (folder: string, options: TrainOptions) => {
      refuseMisfits(command, options);
      await answer(command, async (session) => {
        const project = session.open(folder);
        return describeReport(project, await train(session, project, options));
      });
    });
}

/** Ends with wrong usage where an option was given that has no meaning beside the others. */
function refuseMisfits(command: Command, { method, resume, freeze, init, advised }: TrainOptions): void {
  const given = command.options.filter((one) => command.getOptionValueSource(one.attributeName()) === 'cli');
  const refuse = (misfits: readonly Option[], why: string): void => {
    const misfit = given.find((one) => misfits.some((other) => other.long === one.long));
    if (misfit) command.error(`error: option '${misfit.long ?? ''}' ${why}`, { exitCode: 2 });
  };
  if (resume !== undefined) {
    refuse(
      command.options.filter(({ long }) => long !== '--resume' && long !== '--json'),
      'cannot be used with --resume: the run goes on as it was told',
    );
  } else if (advised) {
    const plan = command.options.filter(({ long }) => !besidePlan.includes(long ?? ''));
    refuse(plan, 'cannot be used with --advised: the plan says it');
  } else if (method === 'fine-tune') {
    refuse(linearOptions(), 'is for the linear methods, not for fine-tune');
    if (freeze === undefined && init !== 'random')
      command.error("error: the method fine-tune needs '--freeze <point>', none or all", { exitCode: 2 });
  } else refuse(fineTuningOptions(), `is for --method fine-tune, not for ${method}`);
}

async function train(session: Session, project: Project, options: TrainOptions): Promise<TrainReport> {
  const { studio } = session;
  if (options.resume !== undefined) return resumeRun(studio, project, options.resume, fineTuneControl(session));
  const network = await useNetwork(studio, project, options.network);
  if (options.advised) return trainAdvised(session, project, network, options);
  const { method, seed, device, size } = options;
  const recipe: Recipe = { network, seed, device, ...(size === undefined ? {} : { size }) };
  if (method === 'fine-tune') {
    const freeze = freezeNamed(network, options.freeze ?? 'none');
    const settings = fineTuningOf(network.info, currentSplit(project).counts.train, {
      ...settingsGiven(options),
      freeze,
    });
    return fineTune(studio, project, { ...recipe, settings }, fineTuneControl(session));
  }
  const request = { ...recipe, method, point: selectPoint(network, options.at), pooling: options.pool };
  return trainLinear(studio, project, request, session.control);
}

/** Measures what the advisor needs to know, and trains by its plan, which becomes the project's. */
async function trainAdvised(
  session: Session,
  project: Project,
  network: StoredNetwork,
  { network: named, device, ...options }: TrainOptions,
): Promise<TrainReport> {
  const { studio, control, say } = session;
  const settings = adviceSettings(options);
  await measureForAdvice(studio, project, { network, settings, device }, control);
  const plan = await usePlan(studio, project, { network, named: named !== undefined, settings, device });
  say(`The plan: ${plan.sentence}`);
  const advised = networkOf(project, plan.network.hash);
  return trainAs(studio, project, advised, plan.settings, fineTuneControl(session));
}

/** Each epoch, and whatever the person should know, is a line on the error stream. */
function fineTuneControl({ control, say }: Session): Parameters<typeof fineTune>[3] {
  return { ...control, onEpoch: (metrics) => say(describeEpoch(metrics)), onNote: (text) => say(text) };
}

/** `Epoch 3 · loss 0.412 · validation macro-F1 0.873 · 45 images/s · the best so far` */
function describeEpoch(metrics: EpochMetrics): string {
  const { epoch, trainLoss, validationMacroF1, imagesPerSecond, best } = metrics;
  return [
    `Epoch ${epoch}`,
    ...(trainLoss === null ? [] : [`loss ${trainLoss.toFixed(3)}`]),
    ...(validationMacroF1 === null ? [] : [`validation macro-F1 ${validationMacroF1.toFixed(3)}`]),
    ...(imagesPerSecond === null ? [] : [`${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s`]),
    ...(best ? ['the best so far'] : []),
  ].join(' · ');
}

function describeReport(project: Project, { run, warnings, failures, device }: TrainReport): Answer {
  const notes = runNotes(project, run.id).map(({ text }) => text);
  const text = [
    `Run ${run.id}: ${describeRecipe(run)}`,
    ...(device === undefined ? [] : [`Device: ${device}`]),
    ...describeTraining(run),
    ...notes.map((note) => `Note: ${note}`),
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...listRefusals(
      'Not read',
      failures.map(({ id, reason }) => ({ source: `item ${id}`, reason })),
    ),
    describeCounts(run.result.counts),
    ...(run.result.test
      ? ['', describeEvaluation(run.result.test)]
      : ['Nothing was held out, so nothing was measured.']),
  ];
  return { json: { run, warnings, failures, notes, device }, text: text.join('\n') };
}
