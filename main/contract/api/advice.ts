import { z } from 'zod';
import { adviceSchema } from '../advice.ts';
import { deviceChoices } from '../devices.ts';
import { probedNetworkSchema } from './learning.ts';
import { procedure } from './shared.ts';

/** What to train and why. */
export const adviceContract = {
  /** By what is known now; null while the project has no network and none is the only one. */
  get: procedure.input(probedNetworkSchema).output(adviceSchema.nullable()),
  /** Starts measuring what the advice lacks. What it has measured when it is cancelled stays. */
  measure: procedure
    .input(probedNetworkSchema.extend({ device: z.enum(deviceChoices).default('auto') }))
    .output(z.object({ job: z.int() })),
  /** Makes the plan the project's: its network, its freeze point, and what training is to be started with. */
  use: procedure.input(probedNetworkSchema).output(z.null()),
};
