import { join } from 'node:path';
import type { Classifier } from '../../contract/classifiers.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { EpochMetrics, FineTuning, StepMetrics } from '../../contract/fine-tuning.ts';
import type { Preprocessing } from '../../contract/networks.ts';
import type { RunResult } from '../../contract/runs.ts';
import { elementCount } from '../../engine/graph/tensors.ts';
import { findFreezePoint, type FreezePoint } from '../../engine/networks/freeze-points.ts';
import { type Network, openNetwork } from '../../engine/networks/network.ts';
import { tailCodes } from '../../engine/networks/tail-graph.ts';
import { buildTrainedNetwork } from '../../engine/networks/trained-graph.ts';
import type { Device } from '../../engine/runtime/session.ts';
import { openTrainingSession } from '../../engine/training/setup.ts';
import { train, type Trained, type TrainingHooks } from '../../engine/training/train.ts';
import { checkTrainable } from '../../engine/training/trainable.ts';
import { headBias, headWeights } from '../../engine/training/classified-tail.ts';
import { writeClassifierFile } from '../classifier-file.ts';
import type { JobContext } from '../context.ts';
import { answerMatrix, answersOf, suggestionsOf } from '../fine-tuning/answers.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../fine-tuning/checkpoints.ts';
import { checkpointFile, trainedNetworkFile } from '../fine-tuning/files.ts';
import { fittedHead, zeroHead } from '../fine-tuning/head.ts';
import { openItems, type TrainingItems } from '../fine-tuning/items.ts';
import { planOf } from '../fine-tuning/plan.ts';
import { rateByFit } from '../fine-tuning/rate-by-fit.ts';
import { answersForSamples, pickSamples } from '../fine-tuning/samples.ts';
import { countParts, measureRows, rowsOfPart } from '../labelled-data.ts';
import type { ViewedImage, ViewFailure } from '../views.ts';
import type { LabelledData } from '../labelled-data.ts';

export interface FineTuneParams {
  /** The pretrained network's file. */
  readonly network: string;
  readonly networkHash: string;
  readonly preprocessing: Preprocessing;
  readonly settings: FineTuning;
  readonly device: DeviceChoice;
  readonly seed: number;
  /** Labelled items. Those of the test part are answered for once, at the end. */
  readonly data: LabelledData;
  /** Items without a label, which the network is asked about at the end. */
  readonly others: readonly number[];
  /** The views of all of these items, gathered by image. */
  readonly images: readonly ViewedImage[];
  /** For each item the key that names its pixels (main/items/views.ts). */
  readonly viewKeys: ReadonlyMap<number, string>;
  /** Codes of the labelled items at the last freeze point, for a classifier that starts fitted. */
  readonly codes: { readonly file: string; readonly setId: number } | null;
  /** The run's own folder: checkpoints, and in the end the trained network. */
  readonly folder: string;
  /** The project's cache, where activations are kept. */
  readonly cacheFolder: string;
  /** Written into the trained network, so that it says what it is (as `assemble` does: see engine/networks/metadata.ts). */
  readonly description: Classifier;
  /** Goes on from the last checkpoint in the folder. */
  readonly resume: boolean;
}

export type FineTuneOutput =
  | { readonly kind: 'step'; readonly metrics: StepMetrics }
  | { readonly kind: 'epoch'; readonly metrics: EpochMetrics }
  /** Metrics of later steps, told before the run was cut off, are void: training goes on from here. */
  | { readonly kind: 'resumed'; readonly step: number; readonly epoch: number }
  /** A checkpoint was written: from here on the run can be gone on with. */
  | { readonly kind: 'checkpoint'; readonly step: number }
  | { readonly kind: 'failure'; readonly failure: ViewFailure }
  /** Something that the person should know, such as a smaller batch. */
  | { readonly kind: 'note'; readonly text: string };

export interface FineTuneResult {
  readonly result: RunResult;
  /** [N, C], of every labelled item; NaN for one that could not be read. */
  readonly probabilities: Float32Array;
  /** The likeliest class of each of the others, and its probability; −1 for one that could not be read. */
  readonly suggestions: { readonly classIndices: Int32Array; readonly probabilities: Float32Array };
  readonly device: string;
}

/**
 * Fine-tunes a network: the trunk's activations first, then the tail with the new classifier; writes the trained network, asks it about
 * every item, and measures it on the test items, which nothing before has seen.
 *
 * @throws CancelledError after a checkpoint was written
 * @throws EngineError, UserError when it cannot be trained so; what was learned up to the last checkpoint is kept
 */
export async function fineTune(params: FineTuneParams, context: JobContext<FineTuneOutput>): Promise<FineTuneResult> {
  const { settings, data, preprocessing, seed } = params;
  context.progress('Opening the network', 0);
  const network = await openNetwork(params.network, { size: preprocessing.size, preprocessing });
  const freeze = settings.freeze === null ? undefined : findFreezePoint(network.freezePoints, settings.freeze);
  checkTrainable(network, freeze);
  const checkpoint = params.resume ? await readCheckpoint(join(params.folder, checkpointFile)) : undefined;
  await context.breathe();

  const items = await openItems(params, network, freeze, context);
  let outcome: { trained: Trained; parameters: number; device: Device; reason: string; notes: readonly string[] };
  try {
    outcome = await trainOn(items, params, network, freeze, checkpoint, context);
  } finally {
    await items.close();
  }
  const { trained, parameters, device, reason, notes } = outcome;
  const file = join(params.folder, trainedNetworkFile);
  const { weights } = trained;
  const model = buildTrainedNetwork(network, {
    backbone: weights,
    head: { weights: weights.get(headWeights)!, bias: weights.get(headBias)! },
  });
  await writeClassifierFile(file, model, params.description);

  const answers = await answersOf(file, preprocessing, params.images, device, context);
  const probabilities = answerMatrix(answers, data.ids, data.classNames.length);
  const test = rowsOfPart(data, 'test').filter((row) => answers.has(data.ids[row]));
  return {
    device: reason,
    probabilities,
    suggestions: suggestionsOf(answers, params.others),
    result: {
      regularisation: null,
      grid: [],
      counts: countParts(data),
      test: test.length ? await measureRows(data, probabilities, test, seed, context) : null,
      fineTuning: {
        parameters,
        steps: trained.steps,
        epochs: trained.epochs,
        bestEpoch: trained.bestEpoch ?? null,
        seconds: trained.seconds,
        ended: trained.ended,
        device: reason,
        notes: [...notes],
      },
    },
  };
}

async function trainOn(
  items: TrainingItems,
  params: FineTuneParams,
  network: Network,
  freeze: FreezePoint | undefined,
  checkpoint: Checkpoint | undefined,
  context: JobContext<FineTuneOutput>,
): Promise<{ trained: Trained; parameters: number; device: Device; reason: string; notes: readonly string[] }> {
  const { data, settings, seed, codes } = params;
  const classCount = data.classNames.length;
  const fitted = codes && !checkpoint ? await fittedHead(codes, data, seed, settings.balanced, context) : undefined;
  const head = fitted?.parameters ?? zeroHead(tailCodes(network).length, classCount);
  const share = fitted && settings.rateByFit ? rateByFit(fitted.heldOut, classCount) : 1;
  const { request, targets, plan } = planOf(
    { ...settings, rate: share * settings.rate },
    network,
    freeze,
    head,
    items.trainClasses,
    classCount,
    seed,
  );
  const notes: string[] = [];
  const onNote = (text: string): void => {
    notes.push(text);
    context.output({ kind: 'note', text });
  };
  if (share < 1)
    onNote(
      `Learning rates are ${share.toPrecision(2)} of those set, as the classifier that was fitted first leaves little to learn: its loss on items that it had not seen is ${fitted!.heldOut.loss.toPrecision(2)}, chance has ${Math.log(classCount).toPrecision(2)}. A rate that you set yourself is taken as it is.`,
    );
  context.progress('Preparing training', 0);
  const { session, device, reason } = await openTrainingSession(params.device, request, { ...targets, onNote });
  try {
    await context.breathe();
    if (checkpoint)
      context.output({ kind: 'resumed', step: checkpoint.progress.step, epoch: checkpoint.progress.epoch });
    const trained = await train(session, items.data, plan, hooksOf(params, items, context), checkpoint);
    if (trained.diverged) onNote(trained.diverged);
    const parameters = [...request.parameters, ...request.head];
    return {
      trained,
      parameters: parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      device,
      reason,
      notes,
    };
  } finally {
    await session.release();
  }
}

/** Longest time that is lost when the process dies. */
const saveEvery = 60_000;

function hooksOf(
  { settings, folder, data: { classNames } }: FineTuneParams,
  { data, held }: TrainingItems,
  context: JobContext<FineTuneOutput>,
): TrainingHooks {
  const total = settings.epochs * data.steps;
  const samples = pickSamples(held.classes, classNames.length);
  let saved = performance.now();
  return {
    onStep(metrics) {
      context.output({ kind: 'step', metrics });
      context.progress('Training', metrics.step, total);
    },
    onEpoch({ score, answers, trainLoss, imagesPerSecond, ...common }) {
      const metrics: EpochMetrics = {
        ...common,
        trainLoss: trainLoss ?? null,
        validationLoss: score?.loss ?? null,
        validationAccuracy: score?.accuracy ?? null,
        validationMacroF1: score?.macroF1 ?? null,
        confusion: score ? [...score.confusion] : null,
        samples: answers ? answersForSamples(samples, held, answers) : [],
        imagesPerSecond: imagesPerSecond ?? null,
      };
      context.output({ kind: 'epoch', metrics });
    },
    async save(progress, sections) {
      await writeCheckpoint(join(folder, checkpointFile), { progress, sections });
      saved = performance.now();
      context.output({ kind: 'checkpoint', step: progress.step });
    },
    isTimeToSave: () => performance.now() - saved > saveEvery,
    breathe: () => context.breathe(),
    isFinishing: () => context.finishing.aborted,
  };
}
