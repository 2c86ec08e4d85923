import type { Evaluation } from '../../contract/evaluation.ts';

/** Bins of equal width between 0 and 1 (Guo et al. 2017). */
const BINS = 15;
/** A probability of 0 for the true class would make the mean infinite whatever the rest: scikit-learn's bound. */
const LEAST_PROBABILITY = Number.EPSILON;

/** Measures of the probabilities themselves, beyond which class is the largest. */
export type ProbabilityMeasures = Pick<Evaluation, 'logLoss' | 'brier' | 'calibration' | 'margin'>;

/**
 * Log loss, Brier score (multi-class: summed over classes), expected calibration error and mean margin.
 *
 * @param probabilities `items × classCount`, row-major
 */
export function probabilityMeasures(
  truth: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  classCount: number,
): ProbabilityMeasures {
  const items = truth.length;
  const counts = new Float64Array(BINS);
  const confidences = new Float64Array(BINS);
  const rights = new Float64Array(BINS);
  let loss = 0;
  let squares = 0;
  let margins = 0;
  for (let i = 0; i < items; i++) {
    let largest = -Infinity;
    let second = -Infinity;
    let predicted = 0;
    for (let c = 0; c < classCount; c++) {
      const p = probabilities[i * classCount + c];
      squares += (p - (c === truth[i] ? 1 : 0)) ** 2;
      if (p > largest) {
        second = largest;
        largest = p;
        predicted = c;
      } else if (p > second) second = p;
    }
    loss -= Math.log(Math.max(probabilities[i * classCount + truth[i]], LEAST_PROBABILITY));
    margins += largest - second;
    const bin = Math.min(Math.floor(largest * BINS), BINS - 1);
    counts[bin] += 1;
    confidences[bin] += largest;
    if (predicted === truth[i]) rights[bin] += 1;
  }
  const bins = Array.from(counts, (count, bin) => ({
    low: bin / BINS,
    high: (bin + 1) / BINS,
    items: count,
    // A sum of rounded numbers may pass 1 by a hair.
    confidence: count > 0 ? Math.min(confidences[bin] / count, 1) : null,
    accuracy: count > 0 ? rights[bin] / count : null,
  }));
  const error = counts.reduce((sum, _count, bin) => sum + Math.abs(rights[bin] - confidences[bin]), 0);
  const mean = (sum: number) => (items > 0 ? sum / items : null);
  return {
    logLoss: mean(Math.max(loss, 0)),
    brier: mean(squares),
    calibration: { error: mean(error), bins },
    margin: mean(margins),
  };
}

/** Difference between the two largest of `classCount` probabilities from `start`: how sure an answer is. */
export function marginOf(probabilities: ArrayLike<number>, start: number, classCount: number): number {
  let largest = -Infinity;
  let second = -Infinity;
  for (let c = start; c < start + classCount; c++) {
    const p = probabilities[c];
    if (p > largest) {
      second = largest;
      largest = p;
    } else if (p > second) second = p;
  }
  return largest - second;
}
