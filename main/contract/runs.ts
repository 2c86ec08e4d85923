import { z } from 'zod';
import { deviceChoices } from './devices.ts';
import { evaluationSchema } from './evaluation.ts';
import { fineTuningReportSchema, fineTuningSchema } from './fine-tuning.ts';
import { poolings, preprocessingSchema } from './networks.ts';

/** Classifiers on the codes of a frozen network. */
export const linearMethods = ['softmax', 'svm'] as const;
export type LinearMethod = (typeof linearMethods)[number];
export const methods = [...linearMethods, 'fine-tune'] as const;
export type Method = (typeof methods)[number];

/** Everything that a run was told, so that it can be repeated. */
export const runConfigSchema = z.object({
  method: z.enum(methods),
  network: z.object({ hash: z.string(), name: z.string() }),
  /** The freeze point whose codes the classifier takes: of a fine-tuned network always the last. */
  point: z.string(),
  pooling: z.enum(poolings),
  preprocessing: preprocessingSchema,
  device: z.enum(deviceChoices),
  seed: z.int(),
  split: z.int(),
  /** Class names in the order of the outputs. */
  classes: z.array(z.string()),
  /** The project's numbers of these classes, whatever they are called later; runs of the first version have none. */
  classIds: z.array(z.int()).optional(),
  /** Context around regions, as trained. */
  margin: z.number(),
  /** Stored values of 16-bit images shown as black and white; null: each image's own. */
  displayLimits: z.object({ low: z.number(), high: z.number() }).nullable(),
  /** Of the method `fine-tune` alone. */
  fineTuning: fineTuningSchema.optional(),
});
export type RunConfig = z.infer<typeof runConfigSchema>;

/** `paused`: ended before its time, by the person or by a death, with a checkpoint to go on from. */
export const runStatuses = ['running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof runStatuses)[number];

export const runResultSchema = z.object({
  /** Of a linear classifier: chosen strength of the L2 penalty, in the method's own measure. */
  regularisation: z.number().nullable(),
  /** What each strength that was tried scored on the validation items. */
  grid: z.array(z.object({ value: z.number(), macroF1: z.number().nullable(), logLoss: z.number().nullable() })),
  counts: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  /** null where no item was held out. */
  test: evaluationSchema.nullable(),
  /** Of the method `fine-tune` alone. */
  fineTuning: fineTuningReportSchema.optional(),
});
export type RunResult = z.infer<typeof runResultSchema>;
