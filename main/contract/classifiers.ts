import { z } from 'zod';
import { cardSchema } from './cards.ts';
import { preprocessingSchema } from './networks.ts';

/** What a finished classifier's file says of itself, beside its class names: enough to use it as it was trained. */
export const provenanceSchema = z.object({
  producer: z.string(),
  /** The project and run that it comes from. */
  project: z.string(),
  run: z.int(),
  created: z.string(),
  network: z.object({ name: z.string(), hash: z.string() }),
  point: z.string(),
  pooling: z.string(),
  method: z.string(),
  /** Context shown around a region, as a share of its longer side, on each side. */
  margin: z.number().min(0),
  /** Stored values of 16-bit images to show as black and white; null: each image's own 0.1% and 99.9% quantiles. */
  displayLimits: z.object({ low: z.number(), high: z.number() }).nullable(),
  /** Work for one view, from which a fitting batch follows. */
  multiplyAdds: z.number(),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** A finished classifier: an ONNX file from `pixels`, uint8 [N, size, size, 3], to `probabilities` [N, C]. */
export const classifierSchema = z.object({
  classes: z.array(z.string()).min(2),
  preprocessing: preprocessingSchema,
  provenance: provenanceSchema,
  /** Files that were written before there were cards have none. */
  card: cardSchema.optional(),
});
export type Classifier = z.infer<typeof classifierSchema>;
