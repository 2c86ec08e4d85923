import type { Tensor } from '../graph/types.ts';
import { confusionOf, indexOfLargest, macroF1 } from '../linear/scores.ts';
import type { Sections } from './checkpoint.ts';
import { rateOfStep, type Schedule } from './schedule.ts';
import type { Batch, TrainingSession } from './training-session.ts';

/** A batch that says which of its source's items it holds. */
export interface HeldBatch extends Batch {
  readonly rows: Iterable<number>;
}

/** Where the items of a run come from. The same epoch gives the same batches, from whichever step on it is asked for. */
export interface TrainingData {
  /** Steps an epoch. */
  readonly steps: number;
  /** @param from how many steps of the epoch are left out */
  epoch(epoch: number, from: number): AsyncIterable<Batch>;
  /** The items that choices are made on; empty where there are none. Their order is always the same. */
  validation(): AsyncIterable<HeldBatch>;
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

/** What some weights answer for the validation items, in any order. */
export interface Answers {
  /** Which items these are, by the number that their source gave them. */
  readonly rows: readonly number[];
  /** [N, C], row by row. */
  readonly logProbabilities: Float32Array;
}

export interface EpochReport {
  /** From 1; 0 is before the first step. */
  readonly epoch: number;
  readonly trainLoss: number | undefined;
  readonly score: Score | undefined;
  /** undefined where there are no validation items. */
  readonly answers: Answers | undefined;
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
  /** The schedule's highest rate. Checkpoints of earlier versions do not hold it: theirs was the plan's. */
  readonly rate?: number;
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
  readonly ended: 'complete' | 'patience' | 'stopped' | 'diverged';
  /** Why it could not go on, and what to try, where it diverged. */
  readonly diverged: string | undefined;
}

type Tensors = ReadonlyMap<string, Tensor<'float32'>>;

/**
 * Trains for some epochs, keeps the weights with the best macro-F1 on the validation items (those of the start compete too; of
 * equals the smaller loss wins), and ends early when they get no better. Without validation items the last weights are kept.
 *
 * A run whose loss or weights are no numbers any more ends there, with the best weights before; nothing of it is saved after that.
 *
 * @param from a checkpoint to go on from; its rate goes before the plan's
 * @throws whatever `breathe` throws, after a checkpoint was written
 */
export function train(
  session: TrainingSession,
  data: TrainingData,
  plan: TrainingPlan,
  hooks: TrainingHooks,
  from?: { progress: TrainingProgress; sections: Sections },
): Promise<Trained> {
  return new TrainingRun(session, data, plan, hooks, from).run();
}

/** A run under way: where it is, and the best so far. */
class TrainingRun {
  readonly #session: TrainingSession;
  readonly #data: TrainingData;
  readonly #plan: TrainingPlan;
  readonly #hooks: TrainingHooks;
  readonly #schedule: Schedule;
  readonly #began = performance.now();
  readonly #earlier: number;
  #step: number;
  #epoch: number;
  #lossSum: number;
  #best: TrainingProgress['best'];
  #bestWeights: Tensors | undefined;
  #averaged: number;
  #mean: Tensors | undefined;

  constructor(
    session: TrainingSession,
    data: TrainingData,
    plan: TrainingPlan,
    hooks: TrainingHooks,
    from: { progress: TrainingProgress; sections: Sections } | undefined,
  ) {
    this.#session = session;
    this.#data = data;
    this.#plan = plan;
    this.#hooks = hooks;
    const { step, epoch, lossSum, best, averaged, seconds, rate = plan.schedule.rate } = from?.progress ?? start;
    this.#schedule = { ...plan.schedule, rate, steps: plan.epochs * data.steps };
    this.#step = step;
    this.#epoch = epoch;
    this.#lossSum = lossSum;
    this.#best = best;
    this.#averaged = averaged;
    this.#earlier = seconds;
    this.#bestWeights = from?.sections['best'];
    this.#mean = from?.sections['mean'];
    if (from) session.write(from.sections['state']);
  }

  async run(): Promise<Trained> {
    if (!this.#best) await this.#closeEpoch(undefined, undefined);
    let ended: Trained['ended'] | undefined;
    try {
      while (!ended) {
        if (this.#epoch >= this.#plan.epochs) ended = 'complete';
        else if (this.#hooks.isFinishing()) ended = 'stopped';
        else if (this.#epoch - this.#best!.epoch >= (this.#plan.patience ?? Infinity)) ended = 'patience';
        else await this.#runEpoch();
      }
      return await this.#choose(ended);
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      return this.#bestSoFar('diverged', error.message);
    }
  }

  /** The rest of the epoch that is under way; it ends in the middle when the run is to be finished. */
  async #runEpoch(): Promise<void> {
    const { steps } = this.#data;
    const began = performance.now();
    let images = 0;
    for await (const batch of this.#data.epoch(this.#epoch + 1, this.#step - this.#epoch * steps)) {
      await this.#takeStep(batch);
      images += batch.classes.length;
      if (this.#hooks.isFinishing()) break;
      if (this.#hooks.isTimeToSave()) await this.#save();
    }
    if (this.#step < (this.#epoch + 1) * steps) return;
    const imagesPerSecond = (images / (performance.now() - began)) * 1000;
    const trainLoss = this.#lossSum / steps;
    this.#epoch++;
    this.#lossSum = 0;
    await this.#closeEpoch(trainLoss, imagesPerSecond);
  }

  async #takeStep(batch: Batch): Promise<void> {
    const step = this.#step + 1;
    const rate = rateOfStep(this.#schedule, step);
    const loss = await this.#session.step(batch, step, rate);
    if (!Number.isFinite(loss)) throw new Divergence('the loss was', step);
    this.#step = step;
    this.#lossSum += loss;
    this.#hooks.onStep({ step, epoch: this.#epoch + 1, loss, rate });
    try {
      await this.#hooks.breathe();
    } catch (interruption) {
      await this.#save();
      throw interruption;
    }
  }

  /** Judges the present weights, keeps them if they are the best so far, tells of it and writes a checkpoint. */
  async #closeEpoch(trainLoss: number | undefined, imagesPerSecond: number | undefined): Promise<void> {
    const { epochs, averaging, classCount } = this.#plan;
    const judged = await judge(this.#session, this.#data, classCount, this.#hooks);
    const score = judged?.score;
    const best = !this.#best?.score || !score || isBetter(score, this.#best.score);
    const averages = averaging && this.#epoch > epochs / 2;
    const weights = best || averages ? await this.#session.read(this.#session.weightNames) : undefined;
    if (best) {
      this.#bestWeights = weights;
      this.#best = { epoch: this.#epoch, score: score ?? null };
    }
    if (averages) this.#mean = meanWith(this.#mean, weights!, ++this.#averaged);
    this.#hooks.onEpoch({
      epoch: this.#epoch,
      trainLoss,
      score,
      answers: judged?.answers,
      seconds: this.#seconds(),
      imagesPerSecond,
      best,
    });
    await this.#save();
  }

  async #save(): Promise<void> {
    const state = await this.#session.read(this.#session.stateNames);
    checkFinite(state, this.#step);
    const progress: TrainingProgress = {
      step: this.#step,
      epoch: this.#epoch,
      lossSum: this.#lossSum,
      best: this.#best,
      averaged: this.#averaged,
      seconds: this.#seconds(),
      rate: this.#schedule.rate,
    };
    const sections: Record<string, Tensors> = { state };
    if (this.#bestWeights) sections['best'] = this.#bestWeights;
    if (this.#mean) sections['mean'] = this.#mean;
    await this.#hooks.save(progress, sections);
  }

  /** The weights that are kept in the end: the best, or their mean over epochs where that is better. */
  async #choose(ended: Trained['ended']): Promise<Trained> {
    const best = this.#bestSoFar(ended, undefined);
    if (!this.#mean || this.#averaged < 2) return best;
    this.#session.write(this.#mean);
    const score = (await judge(this.#session, this.#data, this.#plan.classCount, this.#hooks))?.score;
    if (score && best.score && !isBetter(score, best.score)) return best;
    return { ...best, weights: this.#mean, bestEpoch: undefined, score, seconds: this.#seconds() };
  }

  #bestSoFar(ended: Trained['ended'], diverged: string | undefined): Trained {
    const { epoch, score } = this.#best!;
    return {
      steps: this.#step,
      epochs: this.#epoch,
      ended,
      diverged,
      weights: this.#bestWeights!,
      bestEpoch: epoch,
      score: score ?? undefined,
      seconds: this.#seconds(),
    };
  }

  #seconds(): number {
    return this.#earlier + (performance.now() - this.#began) / 1000;
  }
}

const start: TrainingProgress = { step: 0, epoch: 0, lossSum: 0, best: null, averaged: 0, seconds: 0 };

function isBetter(one: Score, other: Score): boolean {
  return one.macroF1 > other.macroF1 || (one.macroF1 === other.macroF1 && one.loss < other.loss);
}

/** Undefined where there are no validation items. */
async function judge(
  session: TrainingSession,
  data: TrainingData,
  classCount: number,
  hooks: TrainingHooks,
): Promise<{ score: Score; answers: Answers } | undefined> {
  const rows: number[] = [];
  const all: Float32Array[] = [];
  const truth: number[] = [];
  const predicted: number[] = [];
  let loss = 0;
  for await (const { input, classes, rows: own } of data.validation()) {
    const answers = await session.answer(input);
    rows.push(...own);
    all.push(answers);
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
  const score = {
    macroF1: macroF1(confusion, classCount) ?? 0,
    accuracy: right / truth.length,
    loss: loss / truth.length,
    confusion: [...confusion],
  };
  const logProbabilities = new Float32Array(rows.length * classCount);
  let filled = 0;
  for (const answers of all) {
    logProbabilities.set(answers, filled);
    filled += answers.length;
  }
  return { score, answers: { rows, logProbabilities } };
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

/** Numbers were lost: nothing must go on from here. */
class Divergence extends Error {
  constructor(what: string, step: number) {
    super(
      `Training was stopped: at step ${step} ${what} no number any more. The best weights before are kept. Try a smaller learning rate, a limit to the gradients’ norm, or a later freeze point.`,
    );
  }
}

/** @throws Divergence where a weight is no number */
function checkFinite(tensors: Tensors, step: number): void {
  for (const [name, { data }] of tensors)
    for (const value of data) if (!Number.isFinite(value)) throw new Divergence(`a weight of "${name}" was`, step);
}
