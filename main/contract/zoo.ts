import { z } from 'zod';
import { scalingSchema } from './networks.ts';

/** A published network that can be had from elsewhere: what it is, on what terms, and what it costs to get and to use. */
export const zooEntrySchema = z.object({
  /** What the command line calls it. */
  id: z.string(),
  name: z.string(),
  /** The year of its publication. */
  year: z.int(),
  /** What it is good at, in a sentence. */
  goodAt: z.string(),
  file: z.string(),
  bytes: z.int(),
  /** SHA-256 of the file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Where it is fetched from, the first that has it. */
  addresses: z.array(z.url()).min(1),
  /** Of its weights. */
  licence: z.string(),
  /** The article that describes it. */
  citation: z.string(),
  /** The page of its own documentation. */
  documentation: z.url(),
  /** Side of its input, in pixels. */
  size: z.int(),
  scaling: scalingSchema,
  /** Where its scaling is written. */
  scalingSource: z.string(),
  parameters: z.number(),
  /** For one image. */
  multiplyAdds: z.number(),
  /** Accuracy on ImageNet's 1,000 classes, in percent, as its documentation has it. */
  accuracy: z.number(),
});
export type ZooEntry = z.infer<typeof zooEntrySchema>;

/** How long a network takes beside the others: by the work for one image. */
export type SpeedClass = 'very fast' | 'fast' | 'medium' | 'slow';

const limits: readonly (readonly [most: number, SpeedClass])[] = [
  [0.5e9, 'very fast'],
  [2e9, 'fast'],
  [5e9, 'medium'],
];

/** @param multiplyAdds for one image */
export function speedClass(multiplyAdds: number): SpeedClass {
  return limits.find(([most]) => multiplyAdds <= most)?.[1] ?? 'slow';
}

/** An entry with what is at hand of it. */
export const zooListingSchema = zooEntrySchema.extend({
  /** Its hash in the library; null where it is not there. */
  network: z.string().nullable(),
  /** Bytes of a download that was cut off or cancelled, which it would go on from. */
  fetched: z.int(),
});
export type ZooListing = z.infer<typeof zooListingSchema>;
