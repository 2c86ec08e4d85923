import { EngineError } from '../errors.ts';
import type { Tensor } from '../graph/types.ts';
import { confusionOf, indexOfLargest, macroF1 } from '../linear/scores.ts';
import type { Sections } from './checkpoint.ts';
import { rateOfStep, type Schedule } from './schedule.ts';
import type { Batch, TrainingSession } from './training-session.ts';

/** Where the items of a run come from. The same epoch gives the same batches, from whichever step on it is asked for. */
export interface TrainingData {
  /** Steps an epoch. */
  readonly steps: number;
  /** @param from how many steps of the epoch are left out */
  epoch(epoch: number, from: number): AsyncIterable<Batch>;
  /** The items that choices are made on; empty where there are none. Their order is always the same. */
  validation(): AsyncIterable<Batch>;
}

export interface TrainingPlan {
  readonly epochs: number;
  readonly schedule: Omit<Schedule, 'steps'>;
  /** Epochs without a better score after which it ends. */
  readonly patience: number | undefined;
  /** Whether the mean of the weights of the second half of the epochs is tried in the end. */
  readonly averaging: boolean;
  readonly classCount: number;
}

/** How good some weights are on the validation items. */
export interface Score {
  readonly macroF1: number;
  readonly accuracy: number;
  readonly loss: number;
  /** Items by class and answer, row-major. */
  readonly confusion: readonly number[];
}

export interface EpochReport {
  /** From 1; 0 is before the first step. */
  readonly epoch: number;
  readonly trainLoss: number | undefined;
  readonly score: Score | undefined;
  /** Since the run began, interruptions left out. */
  readonly seconds: number;
  readonly imagesPerSecond: number | undefined;
  readonly best: boolean;
}

export interface TrainingHooks {
  onStep(step: { step: number; epoch: number; loss: number; rate: number }): void;
  onEpoch(report: EpochReport): void;
  /** Writes a checkpoint. */
  save(progress: TrainingProgress, sections: Sections): Promise<void>;
  /** Whether it is time for a checkpoint within an epoch. */
  isTimeToSave(): boolean;
  /** Awaited after every step; throws to interrupt the run, which is saved first. */
  breathe(): Promise<void>;
  /** Whether the run is to end here with the best weights. */
  isFinishing(): boolean;
}

/** How far a run is: with the tensors of a checkpoint all that going on needs. */
export interface TrainingProgress {
  /** Steps that are done. */
  readonly step: number;
  /** Epochs that are done. */
  readonly epoch: number;
  /** Sum of the losses of the steps of the epoch that is under way. */
  readonly lossSum: number;
  readonly best: { readonly epoch: number; readonly score: Score | null } | null;
  /** How many epochs the mean of the weights is over. */
  readonly averaged: number;
  readonly seconds: number;
}

export interface Trained {
  /** What the network is made of in the end: parameters and running statistics. */
  readonly weights: ReadonlyMap<string, Tensor<'float32'>>;
  /** Whose weights these are; undefined for the mean over epochs. */
  readonly bestEpoch: number | undefined;
  readonly score: Score | undefined;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly ended: 'complete' | 'patience' | 'stopped';
}

type Tensors = Map<string, Tensor<'float32'>>;

/**
 * Trains for some epochs, keeps the weights with the best macro-F1 on the validation items (those of the start compete too; of equals the
 * smaller loss wins), and ends early when they get no better. Without validation items the last weights are kept.
 *
 * @param from a checkpoint to go on from
 * @throws EngineError when the loss is no number any more: the last checkpoint stays as it is
 */
export async function train(
  session: TrainingSession,
  data: TrainingData,
  plan: TrainingPlan,
  hooks: TrainingHooks,
  from?: { progress: TrainingProgress; sections: Sections },
): Promise<Trained> {
  const schedule: Schedule = { ...plan.schedule, steps: plan.epochs * data.steps };
  let { step, epoch, lossSum, averaged, best } = from?.progress ?? start;
  const earlier = from?.progress.seconds ?? 0;
  const began = performance.now();
  const seconds = (): number => earlier + (performance.now() - began) / 1000;
  let bestWeights = from?.sections['best'] as Tensors | undefined;
  let mean = from?.sections['mean'] as Tensors | undefined;
  if (from) session.write(from.sections['state']);

  const save = async (): Promise<void> => {
    const state = await session.read(session.stateNames);
    checkFinite(state, step);
    const progress = { step, epoch, lossSum, best, averaged, seconds: seconds() };
    await hooks.save(progress, { state, ...(bestWeights ? { best: bestWeights } : {}), ...(mean ? { mean } : {}) });
  };
  /** Keeps the present weights if they are the best so far. */
  const judge = async (): Promise<{ score: Score | undefined; isBest: boolean }> => {
    const score = await scoreOf(session, data, plan.classCount, hooks);
    const isBest = !best?.score || !score || isBetter(score, best.score);
    if (isBest) {
      bestWeights = await session.read(session.weightNames);
      best = { epoch, score: score ?? null };
    }
    return { score, isBest };
  };

  if (!best) {
    const { score, isBest } = await judge();
    hooks.onEpoch({
      epoch: 0,
      trainLoss: undefined,
      score,
      seconds: seconds(),
      imagesPerSecond: undefined,
      best: isBest,
    });
    await save();
  }
  let ended: Trained['ended'] = 'complete';
  while (epoch < plan.epochs) {
    const done = step - epoch * data.steps;
    const beganEpoch = performance.now();
    let images = 0;
    for await (const batch of data.epoch(epoch + 1, done)) {
      const rate = rateOfStep(schedule, step + 1);
      const loss = await session.step(batch, step + 1, rate);
      if (!Number.isFinite(loss)) throw lostNumber(step + 1, rate);
      step++;
      lossSum += loss;
      images += batch.classes.length;
      hooks.onStep({ step, epoch: epoch + 1, loss, rate });
      try {
        await hooks.breathe();
      } catch (interruption) {
        await save();
        throw interruption;
      }
      if (hooks.isFinishing()) break;
      if (hooks.isTimeToSave()) await save();
    }
    if (hooks.isFinishing() && step < (epoch + 1) * data.steps) {
      ended = 'stopped';
      break;
    }
    const trainLoss = lossSum / data.steps;
    const imagesPerSecond = (images / (performance.now() - beganEpoch)) * 1000;
    epoch++;
    lossSum = 0;
    const { score, isBest } = await judge();
    if (plan.averaging && epoch > plan.epochs / 2) {
      averaged++;
      mean = meanWith(mean, await session.read(session.weightNames), averaged);
    }
    hooks.onEpoch({ epoch, trainLoss, score, seconds: seconds(), imagesPerSecond, best: isBest });
    await save();
    if (hooks.isFinishing()) {
      ended = epoch < plan.epochs ? 'stopped' : 'complete';
      break;
    }
    if (plan.patience !== undefined && best && epoch - best.epoch >= plan.patience && epoch < plan.epochs) {
      ended = 'patience';
      break;
    }
  }

  const common = { steps: step, epochs: epoch, ended };
  if (mean && averaged > 1) {
    session.write(mean);
    const score = await scoreOf(session, data, plan.classCount, hooks);
    if (!score || !best?.score || isBetter(score, best.score))
      return { ...common, weights: mean, bestEpoch: undefined, score, seconds: seconds() };
  }
  return {
    ...common,
    weights: bestWeights!,
    bestEpoch: best!.epoch,
    score: best!.score ?? undefined,
    seconds: seconds(),
  };
}

const start: TrainingProgress = { step: 0, epoch: 0, lossSum: 0, best: null, averaged: 0, seconds: 0 };

function isBetter(one: Score, other: Score): boolean {
  return one.macroF1 > other.macroF1 || (one.macroF1 === other.macroF1 && one.loss < other.loss);
}

/** Undefined where there are no validation items. */
async function scoreOf(
  session: TrainingSession,
  data: TrainingData,
  classCount: number,
  hooks: TrainingHooks,
): Promise<Score | undefined> {
  const truth: number[] = [];
  const predicted: number[] = [];
  let loss = 0;
  for await (const { input, classes } of data.validation()) {
    const answers = await session.answer(input);
    for (const [row, own] of classes.entries()) {
      truth.push(own);
      predicted.push(indexOfLargest(answers, row * classCount, classCount));
      loss -= answers[row * classCount + own];
    }
    await hooks.breathe();
  }
  if (truth.length === 0) return undefined;
  const confusion = confusionOf(truth, predicted, classCount);
  const right = truth.filter((own, row) => own === predicted[row]).length;
  return {
    macroF1: macroF1(confusion, classCount) ?? 0,
    accuracy: right / truth.length,
    loss: loss / truth.length,
    confusion: [...confusion],
  };
}

/** The mean over `count` sets of weights, of which `next` is the last. */
function meanWith(mean: Tensors | undefined, next: Tensors, count: number): Tensors {
  if (!mean) return next;
  return new Map(
    [...next].map(([name, tensor]) => {
      const before = mean.get(name)!.data;
      return [name, { ...tensor, data: tensor.data.map((value, i) => before[i] + (value - before[i]) / count) }];
    }),
  );
}

function lostNumber(step: number, rate: number): EngineError {
  return new EngineError(
    `Training was stopped: at step ${step} the loss was no number any more. The last checkpoint is kept. Try a smaller learning rate (it was ${Number(rate.toPrecision(2))}), a limit to the gradients’ norm, or a later freeze point.`,
  );
}

/** @throws EngineError where a weight is no number: nothing must go on from it */
function checkFinite(tensors: Tensors, step: number): void {
  for (const [name, { data }] of tensors)
    for (const value of data)
      if (!Number.isFinite(value))
        throw new EngineError(
          `Training was stopped: after step ${step} weights of "${name}" are no numbers any more. The last checkpoint is kept. Try a smaller learning rate, or a limit to the gradients’ norm.`,
        );
}
