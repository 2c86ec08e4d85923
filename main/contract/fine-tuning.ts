import { z } from 'zod';
import { augmentationSchema } from './augmentation.ts';

/** Whether the network starts from its pretrained weights, or anew: to see what pretraining is worth. */
export const inits = ['pretrained', 'random'] as const;
/**
 * How the new classifier starts: fitted to the codes before anything else moves (LP-FT, arXiv 2202.10054), so that a
 * classifier that knows nothing does not distort good weights; or at zero.
 */
export const headStarts = ['fitted', 'zero'] as const;
export const optimizers = ['adamw', 'sgd'] as const;
export const schedules = ['cosine', 'constant'] as const;
/**
 * Statistics of BatchNormalization: those of the pretraining data, which stay (γ and β are trained); or those of each batch, with
 * running ones kept for later use.
 */
export const normalisations = ['running', 'batch'] as const;

/** How a network is fine-tuned. Every choice is stored with the run, so that it can be repeated. */
export const fineTuningSchema = z.object({
  /** The freeze point before which nothing is trained; null: everything is trained. */
  freeze: z.string().nullable(),
  init: z.enum(inits),
  headStart: z.enum(headStarts),
  optimizer: z.enum(optimizers),
  /** Learning rate of the new classifier. */
  rate: z.number().positive().max(10),
  /**
   * Whether all rates are lowered as far as the fitted classifier leaves little to learn (trainer/fine-tuning/rate-by-fit.ts). Runs
   * of earlier versions do not say it, and it was not done.
   */
  rateByFit: z.boolean().optional(),
  /** Rate of the last pretrained layers, as a share of the classifier's: below 1, as they are good already. */
  pretrainedRate: z.number().positive().max(1),
  /** By how much the rate falls from one group of pretrained layers to the one before it (ULMFiT, arXiv 1801.06146: 2.6). */
  rateFall: z.number().min(1).max(100),
  /** Of weights, not of biases, γ and β. AdamW: decoupled. */
  weightDecay: z.number().min(0).max(1),
  /** Pulls pretrained weights toward what they were (L2-SP, arXiv 1802.01483) in place of toward zero; 0 for none. */
  towardPretrained: z.number().min(0).max(1),
  schedule: z.enum(schedules),
  /** Share of all steps over which rates rise from zero. */
  warmUp: z.number().min(0).max(0.9),
  epochs: z.int().min(1).max(10_000),
  batchSize: z.int().min(1).max(4096),
  /** Largest norm of all gradients together; null for no limit. */
  clip: z.number().positive().nullable(),
  labelSmoothing: z.number().min(0).max(0.9),
  /** Whether each class weighs the same, however many items it has. */
  balanced: z.boolean(),
  /** Averages the weights of the last epochs and keeps the average where it does better. */
  averaging: z.boolean(),
  /** Epochs without a better validation score after which the run ends; null: never before its time. */
  patience: z.int().min(1).nullable(),
  normalisation: z.enum(normalisations),
  augmentation: augmentationSchema,
  /** Views of each item whose activations are kept, where a part is frozen; where nothing is, every epoch has its own. */
  views: z.int().min(1).max(1000),
});
export type FineTuning = z.infer<typeof fineTuningSchema>;

/** What one step of training measured. */
export const stepMetricsSchema = z.object({
  /** From 1, over the whole run. */
  step: z.int(),
  epoch: z.int(),
  /** Mean over the batch, as it was before the step. */
  loss: z.number(),
  /** Learning rate of the classifier. */
  rate: z.number(),
});
export type StepMetrics = z.infer<typeof stepMetricsSchema>;

/** What is answered for one validation item. Classes by their number in the run. */
export const sampleSchema = z.object({
  itemId: z.int(),
  truth: z.int(),
  predicted: z.int(),
  /** Of the predicted class, and of the labelled one. */
  probability: z.number(),
  truthProbability: z.number(),
});
export type Sample = z.infer<typeof sampleSchema>;

/** What one epoch came to. */
export const epochMetricsSchema = z.object({
  /** From 1; 0 is the state before the first step. */
  epoch: z.int(),
  /** Mean over the epoch's steps; null before the first. */
  trainLoss: z.number().nullable(),
  /** On the validation items; null where there are none. */
  validationLoss: z.number().nullable(),
  validationAccuracy: z.number().nullable(),
  validationMacroF1: z.number().nullable(),
  /** Validation items by labelled class (row) and predicted class, row by row; null where there are none. */
  confusion: z.array(z.int()).nullable(),
  /** Of a few validation items, the same in every epoch; runs of the first version have none. */
  samples: z.array(sampleSchema).optional(),
  /** Seconds since the run began, pauses left out. */
  seconds: z.number(),
  imagesPerSecond: z.number().nullable(),
  /** Whether these are the best weights so far. */
  best: z.boolean(),
});
export type EpochMetrics = z.infer<typeof epochMetricsSchema>;

/** How a fine-tuning went, beside its scores. */
export const fineTuningReportSchema = z.object({
  /** Trainable parameters, the classifier's included. */
  parameters: z.int(),
  steps: z.int(),
  epochs: z.int(),
  /** The epoch whose weights were kept; null where it was their average. */
  bestEpoch: z.int().nullable(),
  seconds: z.number(),
  /** Why it ended: after the last epoch, without a better score for long, because the person said so, or because numbers were lost. */
  ended: z.enum(['complete', 'patience', 'stopped', 'diverged']),
  device: z.string(),
  /** What happened on the way that the person should know: a smaller batch, for one. */
  notes: z.array(z.string()),
});
export type FineTuningReport = z.infer<typeof fineTuningReportSchema>;
