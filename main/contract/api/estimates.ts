import { z } from 'zod';
import { deviceChoices } from '../devices.ts';
import { estimateReportSchema } from '../estimates.ts';
import { fineTuningSchema } from '../fine-tuning.ts';
import { procedure } from './shared.ts';

const estimatedSchema = z.object({
  /** A network's hash; null: the project's own. */
  network: z.string().nullable(),
  /** What was said of the fine-tuning; where it freezes does not matter: every freeze point is answered for. */
  choice: fineTuningSchema.partial().default({}),
  /** Side of the input in pixels; null: the network's own. */
  size: z.int().min(8).max(4096).nullable().default(null),
  device: z.enum(deviceChoices).default('auto'),
});

/** What a fine-tuning would take on this machine, before it runs. */
export const estimatesContract = {
  /** At every freeze point; null while the project has no network. */
  get: procedure.input(estimatedSchema).output(estimateReportSchema.nullable()),
  /** Starts measuring what times rest on: some seconds of real training steps. */
  measure: procedure.input(estimatedSchema).output(z.object({ job: z.int() })),
};
