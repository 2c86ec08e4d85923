import { z } from 'zod';
import { deviceChoices } from './devices.ts';
import { fineTuningSchema } from './fine-tuning.ts';
import { poolings } from './networks.ts';
import { linearMethods } from './runs.ts';

const commonSettingsSchema = z.object({
  /** Side of the input in pixels; null: the network's own. */
  size: z.int().min(8).max(4096).nullable(),
  seed: z.int().min(0),
  device: z.enum(deviceChoices),
});
export const linearSettingsSchema = commonSettingsSchema.extend({
  method: z.enum(linearMethods),
  /** Name of a freeze point of the project's network, or `last`. */
  point: z.string(),
  pooling: z.enum(poolings),
});
export type LinearSettings = z.infer<typeof linearSettingsSchema>;

/** What the person said of a fine-tuning: where it freezes, and whatever else; the rest is for the defaults. */
export const fineTuningChoiceSchema = fineTuningSchema.partial().required({ freeze: true });
export const trainSettingsSchema = z.discriminatedUnion('method', [
  linearSettingsSchema,
  commonSettingsSchema.extend({ method: z.literal('fine-tune'), choice: fineTuningChoiceSchema }),
]);
export type TrainSettings = z.infer<typeof trainSettingsSchema>;
