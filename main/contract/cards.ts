import { z } from 'zod';

/** What whoever shares a classifier says of it. Empty where nothing is said. */
export const statementSchema = z.object({
  author: z.string().trim().max(300),
  /** An SPDX identifier, or the licence in words. */
  licence: z.string().trim().max(2000),
  notes: z.string().trim().max(10_000),
});
export type Statement = z.infer<typeof statementSchema>;
export const noStatement: Statement = { author: '', licence: '', notes: '' };

const measuredSchema = z.object({ value: z.number(), low: z.number().nullable(), high: z.number().nullable() });

/** What goes with a shared classifier, in its file: no image, and no name of one. */
export const cardSchema = statementSchema.extend({
  /** Items that it was made with, and of how many groups. */
  items: z.object({ train: z.int(), validation: z.int(), test: z.int() }),
  groups: z.int(),
  /** Items of each class, in the order of the outputs. */
  classItems: z.array(z.int()),
  /** On the held-out items, with 95% intervals; null where none were held out. */
  macroF1: measuredSchema.nullable(),
  accuracy: measuredSchema.nullable(),
});
export type Card = z.infer<typeof cardSchema>;
