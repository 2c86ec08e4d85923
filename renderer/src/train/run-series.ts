import type { RunMetrics } from '../../../main/contract/api/learning.ts';
import { smooth } from '../charts/scale.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** What charts show of a run, each over epochs. */
export interface RunSeries {
  /** Of every step, or the mean of some. */
  readonly loss: readonly Point[];
  readonly smoothLoss: readonly Point[];
  readonly validationLoss: readonly Point[];
  readonly macroF1: readonly Point[];
  readonly rate: readonly Point[];
  /** Of each group of pretrained layers, the last layers' first. */
  readonly groupRates: readonly (readonly Point[])[];
  readonly stepsPerEpoch: number;
}

/** Those that are one line. */
export type SeriesName = Exclude<keyof RunSeries, 'groupRates' | 'stepsPerEpoch'>;

/** Share of the newest step in the smoothed loss. */
const smoothing = 0.1;

export function seriesOf({ steps, epochs, rateShares }: RunMetrics): RunSeries {
  // Every epoch has as many steps. Of the first alone, while it is under way, it is not known how many.
  const ended = epochs.find(({ step }) => step > 0);
  const stepsPerEpoch = ended ? ended.step / ended.epoch : (steps.at(-1)?.step ?? 1);
  const at = (step: number): number => step / stepsPerEpoch;
  const known = (value: 'validationLoss' | 'validationMacroF1'): Point[] =>
    epochs.flatMap((one) => (one[value] === null ? [] : [{ x: one.epoch, y: one[value] }]));
  const smoothed = smooth(
    steps.map(({ loss }) => loss),
    smoothing,
  );
  return {
    loss: steps.map(({ step, loss }) => ({ x: at(step), y: loss })),
    smoothLoss: steps.map(({ step }, index) => ({ x: at(step), y: smoothed[index] })),
    validationLoss: known('validationLoss'),
    macroF1: known('validationMacroF1'),
    rate: steps.map(({ step, rate }) => ({ x: at(step), y: rate })),
    groupRates: rateShares.map((share) => steps.map(({ step, rate }) => ({ x: at(step), y: rate * share }))),
    stepsPerEpoch,
  };
}
