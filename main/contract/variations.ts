import type { AugmentationSettings } from './augmentation.ts';

/** For microscope images: any turn, and as much else as differs between slides of one laboratory. */
export const defaultAugmentation: AugmentationSettings = {
  symmetries: 'all',
  scale: 0.1,
  shift: 0.05,
  brightness: 0.1,
  contrast: 0.1,
  colour: 0.05,
};

export const noAugmentation: AugmentationSettings = {
  symmetries: 'none',
  scale: 0,
  shift: 0,
  brightness: 0,
  contrast: 0,
  colour: 0,
};

/** Those that the screens offer. */
export const variations = {
  usual: defaultAugmentation,
  /** For items that have an up. */
  mirrored: { ...defaultAugmentation, symmetries: 'mirrored' },
  /** For items of which left and right matter too. */
  upright: { ...defaultAugmentation, symmetries: 'none' },
  turns: { ...noAugmentation, symmetries: 'all' },
  none: noAugmentation,
} as const satisfies Readonly<Record<string, AugmentationSettings>>;
export type Variation = keyof typeof variations;
