import { int } from '../graph/attributes.ts';
import { GraphBuilder } from '../graph/builder.ts';
import { createTensor } from '../graph/tensors.ts';
import type { Model } from '../graph/types.ts';
import type { LinearClassifier } from './classifier.ts';

/**
 * The classifier as a graph: `codes` [N, D] float32, as they come from the network, to `probabilities` [N, C] float32.
 * Standardisation, and an SVM's sigmoids, are folded into the weights in double precision. An SVM's probabilities
 * sigmoid(z) / Σ sigmoid(z) are computed as softmax(−softplus(−z)), which is the same and keeps its digits where every
 * sigmoid is tiny.
 */
export function buildHead(classifier: LinearClassifier): Model {
  const { columns, classCount, platt } = classifier;
  const { weights, bias } = foldedWeights(classifier);
  const graph = new GraphBuilder('linear classifier');
  const codes = graph.input('codes', 'float32', ['N', columns]);
  const scores = graph.add('Gemm', [
    codes,
    graph.constant(createTensor('float32', [columns, classCount], weights), 'weights'),
    graph.constant(createTensor('float32', [classCount], bias), 'bias'),
  ]);
  const logits = platt ? graph.add('Neg', [graph.add('Softplus', [graph.add('Neg', [scores])])]) : scores;
  graph.add('Softmax', [logits], { axis: int(1) }, { outputs: ['probabilities'] });
  graph.output('probabilities', 'float32', ['N', classCount]);
  return graph.build();
}

/** Weights `[D, C]` and bias `[C]` for codes as they come: `w (x − mean) / deviation + b`, then an SVM's slope and offset. */
export function foldedWeights({ columns, classCount, mean, deviation, weights, bias, platt }: LinearClassifier) {
  const folded = new Float64Array(columns * classCount);
  const foldedBias = new Float64Array(classCount);
  for (let c = 0; c < classCount; c++) {
    const { slope, offset } = platt?.[c] ?? { slope: 1, offset: 0 };
    let shift = bias[c];
    for (let j = 0; j < columns; j++) {
      const weight = weights[c * columns + j] / deviation[j];
      shift -= weight * mean[j];
      folded[j * classCount + c] = slope * weight;
    }
    foldedBias[c] = slope * shift + offset;
  }
  return { weights: folded, bias: foldedBias };
}
