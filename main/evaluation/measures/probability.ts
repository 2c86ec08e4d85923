/** The relative step of 32-bit floats, 2⁻²³: what scikit-learn, too, clips such probabilities to. */
const SMALLEST_PROBABILITY = 2 ** -23;

/**
 * Mean −ln(probability of the true class), in nats. Probabilities are taken as 2⁻²³ at least, as a single item that was
 * given 0 would otherwise make the mean infinite: an item costs 15.9 at most. null without items.
 *
 * @param probabilities `items × classCount`, row-major
 */
export function logLoss(truth: Int32Array, probabilities: Float32Array, classCount: number): number | null {
  let sum = 0;
  for (let item = 0; item < truth.length; item++)
    sum -= Math.log(Math.max(probabilities[item * classCount + truth[item]], SMALLEST_PROBABILITY));
  return truth.length > 0 ? sum / truth.length : null;
}

/**
 * Brier's score in his own form of 1950, for any number of classes: squared differences between probabilities and what was
 * true (1 for the true class, 0 for the others), summed over the classes, mean over the items. 0 is perfect, 2 the worst;
 * with two classes it is twice the score that counts one class alone. null without items.
 *
 * @param probabilities `items × classCount`, row-major
 */
export function brierScore(truth: Int32Array, probabilities: Float32Array, classCount: number): number | null {
  let sum = 0;
  for (let item = 0; item < truth.length; item++)
    for (let c = 0; c < classCount; c++)
      sum += (probabilities[item * classCount + c] - (c === truth[item] ? 1 : 0)) ** 2;
  return truth.length > 0 ? sum / truth.length : null;
}
