import { type Command, Option } from 'commander';
import type { DeviceChoice } from '../../contract/devices.ts';
import {
  type EpochMetrics,
  type FineTuning,
  headStarts,
  inits,
  normalisations,
  optimizers,
  schedules,
} from '../../contract/fine-tuning.ts';
import type { Pooling } from '../../contract/networks.ts';
import { type Method, methods } from '../../contract/runs.ts';
import { freezeNamed, selectPoint, useNetwork } from '../../networks/project-network.ts';
import type { Project } from '../../projects/project.ts';
import { fineTune, resumeRun } from '../../training/fine-tune.ts';
import { fineTuningOf } from '../../training/fine-tuning-defaults.ts';
import { runNotes } from '../../training/metrics.ts';
import type { Recipe, TrainReport } from '../../training/recipe.ts';
import { trainLinear } from '../../training/train-linear.ts';
import { describeEvaluation } from '../evaluation-text.ts';
import { deviceOption, networkOption, number, pointOption, poolingOption, seedOption, sizeOption } from '../options.ts';
import { describeCounts, describeRecipe, describeTraining } from '../run-text.ts';
import { type Answer, answer, type Session } from '../session.ts';
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
}

/** As they are written; what is left out is for the defaults. */
interface FineTuningOptions extends Partial<Omit<FineTuning, 'freeze' | 'headStart' | 'batchSize' | 'averaging'>> {
  readonly freeze?: string;
  readonly head?: FineTuning['headStart'];
  readonly batch?: number;
  readonly average?: boolean;
}

/** A number within limits, null for `none`, or wrong usage. */
function numberOrNone(limits: Parameters<typeof number>[0]): (text: string) => number | null {
  return (text) => (text === 'none' ? null : number(limits)(text));
}

const share = { min: 0, max: 1 };

/** Of a linear classifier alone. */
const linearOptions = (): Option[] => [
  pointOption('linear: the freeze point whose codes are used: its name, its number, or last'),
  poolingOption(),
];

/** Of fine-tuning alone. */
const fineTuningOptions = (): Option[] => [
  new Option(
    '--freeze <point>',
    'fine-tuning: the freeze point before which nothing is trained: its name or number; none: all is trained; all: the new classifier alone is',
  ),
  new Option('--init <how>', 'start from the pretrained weights, or anew (pretrained)').choices(inits),
  new Option('--head <how>', 'start the new classifier fitted to the codes, or at zero (fitted)').choices(headStarts),
  new Option('--optimizer <name>', 'adamw, or sgd with momentum (adamw)').choices(optimizers),
  new Option('--rate <rate>', 'learning rate of the new classifier (0.001; sgd: 0.01)').argParser(
    number({ min: 1e-9, max: 10 }),
  ),
  new Option('--pretrained-rate <share>', 'rate of the last pretrained layers, as a share of that (0.1)').argParser(
    number({ min: 1e-9, max: 1 }),
  ),
  new Option('--rate-fall <factor>', 'by how much it falls from layers to those before them (2.6)').argParser(
    number({ min: 1, max: 100 }),
  ),
  new Option('--weight-decay <decay>', 'of weights, not of biases and norms (0.01; sgd: 0.0001)').argParser(
    number(share),
  ),
  new Option('--toward-pretrained <strength>', 'pull weights toward the pretrained ones (0)').argParser(number(share)),
  new Option('--schedule <name>', 'how the rate goes on (cosine)').choices(schedules),
  new Option('--warm-up <share>', 'share of the steps over which the rate rises (0.1)').argParser(
    number({ min: 0, max: 0.9 }),
  ),
  new Option('--epochs <count>', 'passes over the training items (20)').argParser(
    number({ min: 1, max: 10_000, whole: true }),
  ),
  new Option('--batch <size>', 'items a step (32)').argParser(number({ min: 1, max: 4096, whole: true })),
  new Option('--clip <norm>', 'largest norm of all gradients together, or none (1)').argParser(
    numberOrNone({ min: 1e-9 }),
  ),
  new Option('--label-smoothing <share>', 'share of each label that is spread over all classes (0)').argParser(
    number({ min: 0, max: 0.9 }),
  ),
  new Option('--balanced', 'each class weighs the same, however many items it has'),
  new Option('--average', 'average the weights of the last epochs where that does better'),
  new Option('--patience <epochs>', 'epochs without a better score after which it ends, or none (5)').argParser(
    numberOrNone({ min: 1, whole: true }),
  ),
  new Option('--normalisation <how>', 'statistics of the pretraining data, or of each batch (running)').choices(
    normalisations,
  ),
];

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
  for (const option of [...linearOptions(), ...fineTuningOptions()]) command.addOption(option);
  command
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
function refuseMisfits(command: Command, { method, resume, freeze, init }: TrainOptions): void {
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
  const { method, seed, device, size } = options;
  const recipe: Recipe = { network, seed, device, ...(size === undefined ? {} : { size }) };
  if (method === 'fine-tune') {
    const { freeze = 'none', head, batch, average } = options;
    const settings = fineTuningOf(network.info, {
      ...settingsGiven(options),
      freeze: freezeNamed(network, freeze),
      ...(head === undefined ? {} : { headStart: head }),
      ...(batch === undefined ? {} : { batchSize: batch }),
      ...(average === undefined ? {} : { averaging: average }),
    });
    return fineTune(studio, project, { ...recipe, settings }, fineTuneControl(session));
  }
  const request = { ...recipe, method, point: selectPoint(network, options.at), pooling: options.pool };
  return trainLinear(studio, project, request, session.control);
}

/** Those settings whose option bears their name. */
function settingsGiven(options: FineTuningOptions): Partial<FineTuning> {
  const names = [
    'init',
    'optimizer',
    'rate',
    'pretrainedRate',
    'rateFall',
    'weightDecay',
    'towardPretrained',
    'schedule',
    'warmUp',
    'epochs',
    'clip',
    'labelSmoothing',
    'balanced',
    'patience',
    'normalisation',
  ] as const;
  return Object.fromEntries(names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
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
