import { z } from 'zod';
import { deviceChoices } from './devices.ts';
import { evaluationSchema } from './evaluation.ts';
import { poolings, preprocessingSchema } from './networks.ts';

export const methods = ['softmax', 'svm'] as const;
export type Method = (typeof methods)[number];

/** Everything that a run was told, so that it can be repeated. */
export const runConfigSchema = z.object({
  method: z.enum(methods),
  network: z.object({ hash: z.string(), name: z.string() }),
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
});
export type RunConfig = z.infer<typeof runConfigSchema>;

export const runStatuses = ['running', 'done', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof runStatuses)[number];

export const runResultSchema = z.object({
  /** Chosen strength of the L2 penalty, in the method's own measure. */
  regularisation: z.number(),
  /** What each strength that was tried scored on the validation items. */
  grid: z.array(z.object({ value: z.number(), macroF1: z.number().nullable(), logLoss: z.number().nullable() })),
  counts: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  /** null where no item was held out. */
  test: evaluationSchema.nullable(),
});
export type RunResult = z.infer<typeof runResultSchema>;
