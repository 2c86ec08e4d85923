import { oc } from '@orpc/contract';
import { z } from 'zod';

/** The start of every procedure: what fails for a reason that the person can understand comes as `REFUSED`, with the sentence to show. */
export const procedure = oc.errors({ REFUSED: { status: 400, data: z.object({ sentence: z.string() }) } });

export const boxSchema = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export const partSchema = z.enum(['train', 'validation', 'test']);
export const refusalSchema = z.object({ source: z.string(), reason: z.string() });
/** A path on the computer that the core runs on. */
export const pathSchema = z.string().min(1).max(4096);
export const itemIdSchema = z.int().positive();
export const classIdSchema = z.int().positive();
export const runIdSchema = z.int().positive();

/** A picture as a `data:` address. */
export const pictureSchema = z.string().startsWith('data:image/');

export const progressSchema = z.object({
  step: z.string(),
  done: z.number(),
  total: z.number().optional(),
  rate: z.number().optional(),
  secondsLeft: z.number().optional(),
  unit: z.literal('bytes').optional(),
});
