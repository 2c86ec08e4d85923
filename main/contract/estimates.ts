import { z } from 'zod';

/** What a fine-tuning would take that freezes up to one freeze point, or nothing. Times are null before anything was measured. */
export const stopEstimateSchema = z.object({
  /** The freeze point; null: nothing is frozen. */
  freeze: z.string().nullable(),
  /** Parameters that are trained, the new classifier's included. */
  parameters: z.number(),
  /** Time of an epoch against one in which everything is trained: measured, or by multiply-adds before that. */
  share: z.number(),
  /** Before the first epoch: the activations at the freeze point, were none of them stored yet. */
  onceSeconds: z.number().nullable(),
  /** An epoch: all steps, the score on the validation items, and the checkpoint. */
  epochSeconds: z.number().nullable(),
  /** What a step holds in memory on the device, in bytes, beside the program itself. */
  memory: z.number().nullable(),
  /** What the activations take on disk, in bytes; 0 where nothing is frozen. */
  disk: z.number(),
  /** Views of each item that these are: as many as were asked for, or as fit. 0: not even one fits. */
  views: z.int(),
});
export type StopEstimate = z.infer<typeof stopEstimateSchema>;

export const estimateReportSchema = z.object({
  network: z.object({ hash: z.string(), name: z.string() }),
  /** Side of the input in pixels. */
  size: z.int(),
  items: z.object({ train: z.int(), validation: z.int() }),
  classes: z.int(),
  batchSize: z.int(),
  /** Epochs that a training takes at most. */
  epochs: z.int(),
  /** When and on which device was measured; null where it was not yet, with this network, size, batch and device. */
  measured: z.object({ created: z.string(), device: z.string() }).nullable(),
  /** From nothing frozen to everything but the classifier. */
  stops: z.array(stopEstimateSchema),
});
export type EstimateReport = z.infer<typeof estimateReportSchema>;
