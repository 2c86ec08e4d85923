import { z } from 'zod';

/** How pixels become a network's input: `(pixel / 255 · (high − low) + low − mean) / deviation`, by channel. */
export const preprocessingSchema = z.object({
  /** Side of the square input, in pixels. */
  size: z.int().min(8).max(4096),
  /** What pixel values 0 and 255 become before mean and deviation are applied. */
  range: z.tuple([z.number(), z.number()]),
  /** In the network's channel order. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  deviation: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
  channels: z.enum(['rgb', 'bgr']),
  layout: z.enum(['nchw', 'nhwc']),
});
export type Preprocessing = z.infer<typeof preprocessingSchema>;

export const poolings = ['avg', 'avg+max', 'pyramid'] as const;
/** How activations [C, H, W] become one vector: mean; mean and maximum, 2C; means over a 2×2 grid, 4C. */
export type Pooling = (typeof poolings)[number];
