import { int } from '../graph/attributes.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { int64s } from '../graph/tensors.ts';
import type { Tensor } from '../graph/types.ts';

/** Float32 [B, C]: for each item how likely each class is meant to be. Rows add up to 1. */
export const targetsInput = 'training/targets';
/** Float32 [B]: how much each item counts. They add up to 1 over a step. */
export const weightsInput = 'training/weights';

/**
 * Adds the softmax cross-entropy −Σᵢ wᵢ Σ_c tᵢ_c log p_c(xᵢ), a scalar.
 *
 * @param logits [B, C]
 */
export function addCrossEntropy(
  builder: GraphBuilder,
  logits: string,
  { batch, classCount, output }: { batch: number; classCount: number; output: string },
): void {
  const targets = builder.input(targetsInput, 'float32', [batch, classCount]);
  const weights = builder.input(weightsInput, 'float32', [batch]);
  const logProbabilities = builder.add('LogSoftmax', [logits], { axis: int(1) });
  const ofItems = builder.add(
    'ReduceSum',
    [builder.add('Mul', [targets, logProbabilities]), builder.constant(int64s([1]), 'axes')],
    { keepdims: int(0) },
  );
  const sum = builder.add('ReduceSum', [builder.add('Mul', [weights, ofItems])], { keepdims: int(0) });
  builder.add('Neg', [sum], {}, { outputs: [output] });
}

export interface TargetOptions {
  /** Share of the probability that is spread over all classes (arXiv 1512.00567). */
  readonly smoothing: number;
  /** How much an item of each class counts; all the same when absent. */
  readonly classWeights?: Float64Array;
}

/**
 * What to feed as `targets` and `weights` for a step.
 *
 * @param classes the class of each item
 * @param whole sum of the weights of the whole step, where these items are only a part of it
 */
export function targetsOf(
  classes: Int32Array,
  classCount: number,
  { smoothing, classWeights }: TargetOptions,
  whole?: number,
): { targets: Tensor<'float32'>; weights: Tensor<'float32'> } {
  const targets = new Float32Array(classes.length * classCount).fill(smoothing / classCount);
  const weights = new Float32Array(classes.length);
  const total = whole ?? weightOf(classes, classWeights);
  for (const [item, own] of classes.entries()) {
    targets[item * classCount + own] += 1 - smoothing;
    weights[item] = (classWeights?.[own] ?? 1) / total;
  }
  return {
    targets: { type: 'float32', shape: [classes.length, classCount], data: targets },
    weights: { type: 'float32', shape: [classes.length], data: weights },
  };
}

/** The sum of the weights of some items. */
export function weightOf(classes: Int32Array, classWeights: Float64Array | undefined): number {
  if (!classWeights) return classes.length;
  let sum = 0;
  for (const own of classes) sum += classWeights[own];
  return sum;
}

/** Weights under which every class counts the same: items / (classes · items of the class). */
export function balancedWeights(classes: Int32Array, classCount: number): Float64Array {
  const counts = new Float64Array(classCount);
  for (const own of classes) counts[own]++;
  return counts.map((count) => (count === 0 ? 0 : classes.length / (classCount * count)));
}
