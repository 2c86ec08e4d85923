/**
 * Counts of items by true class (rows) and predicted class (columns).
 *
 * @returns `classCount × classCount`, row-major
 */
export function confusionOf(truth: ArrayLike<number>, predicted: ArrayLike<number>, classCount: number): Float64Array {
  const confusion = new Float64Array(classCount * classCount);
  for (let i = 0; i < truth.length; i++) confusion[truth[i] * classCount + predicted[i]] += 1;
  return confusion;
}

/** Index of the largest of `count` values from `start`; the first of equals. */
export function indexOfLargest(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[start + c] > values[start + best]) best = c;
  return best;
}

/** What one class's row and column of a confusion matrix say. `null` where it says nothing. */
export interface ClassScores {
  /** Items of the class. */
  readonly support: number;
  /** Items taken for the class. */
  readonly predicted: number;
  /** Right among those taken for the class; null when there are none. */
  readonly precision: number | null;
  /** Found among those of the class; null when there are none. */
  readonly recall: number | null;
  /** Harmonic mean of both, `2 · right / (support + predicted)`; null when the class has no items. */
  readonly f1: number | null;
}

export function classScores(confusion: Float64Array, classCount: number): ClassScores[] {
  return Array.from({ length: classCount }, (_, c) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < classCount; other++) {
      support += confusion[c * classCount + other];
      predicted += confusion[other * classCount + c];
    }
    const right = confusion[c * classCount + c];
    return {
      support,
      predicted,
      precision: predicted > 0 ? right / predicted : null,
      recall: support > 0 ? right / support : null,
      f1: support > 0 ? (2 * right) / (support + predicted) : null,
    };
  });
}

/** Mean of what is defined; null when nothing is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length > 0 ? defined.reduce((sum, value) => sum + value, 0) / defined.length : null;
}

/**
 * Mean F1 over the classes that have items; null without items. A class that is only predicted has no F1 of its own and
 * counts through the precision of the others (scikit-learn: `labels` set to the classes in the truth).
 */
export function macroF1(confusion: Float64Array, classCount: number): number | null {
  return meanOf(classScores(confusion, classCount).map(({ f1 }) => f1));
}
