import { z } from 'zod';

/** How items are turned and mirrored: in all eight ways, left to right alone, or not. */
export const symmetryChoices = ['all', 'mirrored', 'none'] as const;
export type Symmetries = (typeof symmetryChoices)[number];

/**
 * How items are varied in training, so that what does not matter is not learnt. Every measure is a fraction, 0 being off; each
 * view draws evenly from −measure to +measure.
 */
export const augmentationSchema = z.object({
  /**
   * All: the four quarter turns, each also mirrored. Microscope images have no up and no left; nothing is lost by them. What
   * has an up is mirrored alone. Runs and settings from before that choice say whether all.
   */
  symmetries: z.union([z.enum(symmetryChoices), z.boolean().transform((all): Symmetries => (all ? 'all' : 'none'))]),
  /** Of the side of the square that is seen: from 1 / (1 + scale) to 1 + scale times, small and large being as likely. */
  scale: z.number().min(0).max(1),
  /** Of the square's place, as a share of its side, across and down. */
  shift: z.number().min(0).max(0.5),
  /** All values are multiplied by 1 ± brightness: exposure, lamp, thickness of the section. */
  brightness: z.number().min(0).max(0.9),
  /** Distances to the view's mean are multiplied by 1 ± contrast. */
  contrast: z.number().min(0).max(0.9),
  /** Red, green and blue are multiplied by 1 ± colour, each by its own: stain and white balance. */
  colour: z.number().min(0).max(0.9),
});
export type AugmentationSettings = z.infer<typeof augmentationSchema>;

export { defaultAugmentation, noAugmentation } from './variations.ts';
