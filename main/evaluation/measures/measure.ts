import { UserError } from '../../contract/errors.ts';
import type { Evaluation } from '../../contract/evaluation.ts';
import { confusionOf, indexOfLargest } from '../../engine/linear/scores.ts';
import { bootstrapIntervals } from './bootstrap.ts';
import { calibrationOf } from './calibration.ts';
import { confusionMeasures } from './confusion.ts';
import { brierScore, logLoss } from './probability.ts';

/** Predictions for items whose class is known. Position i of each list, and row i of `probabilities`, is item i. */
export interface Predictions {
  /** True class indices. */
  readonly truth: Int32Array;
  /** `items × classes`, row-major. */
  readonly probabilities: Float32Array;
  readonly classNames: readonly string[];
  /** Items of one group are not independent. null, or no list: an item is a group of its own. */
  readonly groups?: readonly (string | null)[];
}

export interface MeasureOptions {
  readonly seed?: number;
  /** Bootstrap samples behind each interval. */
  readonly resamples?: number;
  /** Awaited every few milliseconds of work, to let other things happen. May throw, to end it. */
  readonly breathe?: () => Promise<void>;
}

/**
 * Everything that is reported of a classifier on known items. The predicted class is the most probable one, the first of
 * equals. The same input and seed give the same figures.
 *
 * Macro-F1 and balanced accuracy are means over the classes that have items: a class that no item could be found of says
 * nothing about the classifier (what is wrongly taken for it lowers the recall of the others). scikit-learn gives the same
 * with `labels` set to the classes of the truth; by default it counts a class that is only predicted as an F1 of 0.
 *
 * @throws UserError when a probability is not a finite number
 * @throws RangeError when the lists disagree in length, or a class index is not of the classes
 */
export async function measure(
  predictions: Predictions,
  { seed = 0, resamples = 1000, breathe = () => Promise.resolve() }: MeasureOptions = {},
): Promise<Evaluation> {
  check(predictions);
  const { truth, probabilities, classNames, groups } = predictions;
  const classCount = classNames.length;
  const predicted = truth.map((_, item) => indexOfLargest(probabilities, item * classCount, classCount));
  const confusion = confusionOf(truth, predicted, classCount);
  const measures = confusionMeasures(confusion, classCount);
  const answers = { truth, predicted, classCount, groups };
  const { groupCount, intervals } = await bootstrapIntervals(answers, { seed, resamples, breathe });
  return {
    items: truth.length,
    groups: groupCount,
    accuracy: { value: measures.accuracy, ...intervals.accuracy },
    balancedAccuracy: { value: measures.balancedAccuracy, ...intervals.balancedAccuracy },
    macroF1: { value: measures.macroF1, ...intervals.macroF1 },
    weightedF1: measures.weightedF1,
    logLoss: logLoss(truth, probabilities, classCount),
    brier: brierScore(truth, probabilities, classCount),
    calibration: calibrationOf(truth, predicted, probabilities, classCount),
    perClass: measures.perClass.map(({ support, predicted, precision, recall, f1 }, index) => ({
      name: classNames[index],
      support,
      predicted,
      precision: { value: precision, ...intervals.perClass[index].precision },
      recall: { value: recall, ...intervals.perClass[index].recall },
      f1,
    })),
    confusion: classNames.map((_, row) => Array.from(confusion.subarray(row * classCount, (row + 1) * classCount))),
  };
}

function check({ truth, probabilities, classNames, groups }: Predictions): void {
  const classCount = classNames.length;
  if (probabilities.length !== truth.length * classCount)
    throw new RangeError(`${probabilities.length} probabilities are not ${truth.length} items × ${classCount} classes`);
  if (groups && groups.length !== truth.length)
    throw new RangeError(`There are ${truth.length} items but ${groups.length} groups`);
  for (const index of truth)
    if (index < 0 || index >= classCount) throw new RangeError(`Class ${index} is not one of ${classCount}`);
  const broken = probabilities.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0)
    throw new UserError(
      `The classifier gave ${probabilities[broken]} as the probability of ${classNames[broken % classCount]}. ` +
        `Nothing can be measured with it; train again.`,
    );
}
