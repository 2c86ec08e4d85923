import { type ClassScores, classScores, meanOf } from '../../engine/linear/scores.ts';

/** What a confusion matrix says. `null` where it says nothing. */
export interface ConfusionMeasures {
  readonly accuracy: number | null;
  /** Mean recall of the classes that have items. */
  readonly balancedAccuracy: number | null;
  /** Mean F1 of the classes that have items. */
  readonly macroF1: number | null;
  /** Mean F1 weighted by the classes' items. */
  readonly weightedF1: number | null;
  readonly perClass: readonly ClassScores[];
}

/** @param confusion items by true class (rows) and predicted class (columns), `classCount × classCount`, row-major */
export function confusionMeasures(confusion: Float64Array, classCount: number): ConfusionMeasures {
  const perClass = classScores(confusion, classCount);
  let items = 0;
  let right = 0;
  let weighted = 0;
  for (const [index, { support, f1 }] of perClass.entries()) {
    items += support;
    right += confusion[index * classCount + index];
    weighted += support * (f1 ?? 0);
  }
  return {
    accuracy: items > 0 ? right / items : null,
    balancedAccuracy: meanOf(perClass.map(({ recall }) => recall)),
    macroF1: meanOf(perClass.map(({ f1 }) => f1)),
    weightedF1: items > 0 ? weighted / items : null,
    perClass,
  };
}
