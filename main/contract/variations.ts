import type { AugmentationSettings } from './augmentation.ts';

/** For microscope images: any turn, and as much else as differs between slides of one laboratory. */
export const defaultAugmentation: AugmentationSettings = {
  symmetries: true,
  scale: 0.1,
  shift: 0.05,
  brightness: 0.1,
  contrast: 0.1,
  colour: 0.05,
};

export const noAugmentation: AugmentationSettings = {
  symmetries: false,
  scale: 0,
  shift: 0,
  brightness: 0,
  contrast: 0,
  colour: 0,
};

/** Those that the screens offer. */
export const variations = {
  usual: defaultAugmentation,
  /** For items of which it matters how they lie. */
  upright: { ...defaultAugmentation, symmetries: false },
  turns: { ...noAugmentation, symmetries: true },
  none: noAugmentation,
} as const satisfies Readonly<Record<string, AugmentationSettings>>;
export type Variation = keyof typeof variations;
