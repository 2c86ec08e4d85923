import type { Calibration } from '../../contract/evaluation.ts';

const BINS = 15;

/**
 * Whether probabilities mean what they say: items in 15 bins of equal width by the probability of their predicted class,
 * and in each the mean probability beside the share of right predictions. The expected calibration error is the mean
 * absolute difference, weighted by the items of the bins (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599).
 *
 * @param probabilities `items × classCount`, row-major
 */
export function calibrationOf(
  truth: Int32Array,
  predicted: Int32Array,
  probabilities: Float32Array,
  classCount: number,
): Calibration {
  const sums = Array.from({ length: BINS }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let item = 0; item < truth.length; item++) {
    const confidence = probabilities[item * classCount + predicted[item]];
    // Rounding may lift a probability a little above 1.
    const bin = sums[Math.max(0, Math.min(BINS - 1, Math.floor(confidence * BINS)))];
    bin.count += 1;
    bin.confidence += confidence;
    if (predicted[item] === truth[item]) bin.right += 1;
  }
  const difference = sums.reduce((sum, { confidence, right }) => sum + Math.abs(right - confidence), 0);
  return {
    error: truth.length > 0 ? difference / truth.length : null,
    bins: sums.map(({ count, confidence, right }, index) => ({
      low: index / BINS,
      high: (index + 1) / BINS,
      count,
      confidence: count > 0 ? confidence / count : null,
      accuracy: count > 0 ? right / count : null,
    })),
  };
}
