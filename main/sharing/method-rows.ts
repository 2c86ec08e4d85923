import type { AugmentationSettings, Symmetries } from '../contract/augmentation.ts';
import type { FineTuning, FineTuningReport } from '../contract/fine-tuning.ts';
import type { RunResult } from '../contract/runs.ts';
import { keptWeights } from '../training/kept-weights.ts';
import type { Run } from '../training/runs.ts';
import { escapeMarkdown } from './markdown.ts';

/** How a run's classifier was made, for its model card: rows of a table, name and Markdown. */
export function methodRows({ config, result }: Run & { result: RunResult }): [string, string][] {
  if (config.fineTuning && result.fineTuning)
    return fineTuningRows(config.fineTuning, result.fineTuning, result.counts.validation > 0);
  const method = config.method === 'svm' ? 'linear SVM with Platt-scaled probabilities' : 'softmax regression';
  return [
    ['CNN codes', `at ${escapeMarkdown(config.point)}, pooling ${config.pooling}`],
    [
      'Classifier',
      `${method}, regularisation ${result.regularisation?.toPrecision(3) ?? '–'}, chosen on validation items`,
    ],
  ];
}

function fineTuningRows(told: FineTuning, report: FineTuningReport, validated: boolean): [string, string][] {
  const trained = told.freeze === null ? 'the whole network' : `what comes after ${escapeMarkdown(told.freeze)}`;
  const from = told.init === 'random' ? 'random weights' : 'the pretrained weights';
  const head = told.headStart === 'fitted' ? 'a classifier fitted to the codes before' : 'a classifier at zero';
  const optimizer = told.optimizer === 'adamw' ? 'AdamW' : 'SGD with momentum';
  const rates =
    told.init === 'random'
      ? ''
      : `, × ${told.pretrainedRate} for the last pretrained layers, ÷ ${told.rateFall} for those before`;
  const decay =
    told.towardPretrained > 0
      ? `weight decay ${told.weightDecay}, pull toward the pretrained weights ${told.towardPretrained}`
      : `weight decay ${told.weightDecay}`;
  const choices = [
    ...(told.balanced ? ['classes weighted alike'] : []),
    ...(told.labelSmoothing > 0 ? [`label smoothing ${told.labelSmoothing}`] : []),
    ...(told.clip === null ? [] : [`gradients clipped at a norm of ${told.clip}`]),
    `BatchNormalization with ${told.normalisation === 'running' ? 'the statistics of the pretraining' : 'statistics of each batch'}`,
  ];
  const best = validated && report.bestEpoch !== null ? ', the best on validation items' : '';
  return [
    [
      'Method',
      `fine-tuning of ${trained}, from ${from} with ${head}: ${report.parameters.toLocaleString('en')} parameters trained`,
    ],
    [
      'Optimizer',
      `${optimizer}, rate ${told.rate}${told.rateByFit ? ' at most' : ''}${rates}, ${told.schedule}, ${decay}`,
    ],
    [
      'Training',
      `${report.epochs} epochs of ${told.epochs} at most, ${told.batchSize} items a step; kept ${keptWeights(report)}${best}`,
    ],
    ['Augmentation', describeAugmentation(told.augmentation)],
    ['Choices', choices.join(', ')],
    ['Device', escapeMarkdown(report.device)],
    ...(report.notes.length ? [['Notes', escapeMarkdown(report.notes.join(' '))] as [string, string]] : []),
  ];
}

const symmetryWords: Readonly<Record<Symmetries, readonly string[]>> = {
  all: ['quarter turns and mirrorings'],
  mirrored: ['mirrorings left to right'],
  none: [],
};

function describeAugmentation({ symmetries, ...measures }: AugmentationSettings): string {
  const varied = Object.entries(measures).flatMap(([name, measure]) => (measure > 0 ? [`${name} ± ${measure}`] : []));
  return [...symmetryWords[symmetries], ...varied].join(', ') || 'none';
}
