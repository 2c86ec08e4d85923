import type { AugmentationSettings, Symmetries } from '../../contract/augmentation.ts';
import { createRandom, deriveSeed } from '../../engine/random.ts';
import { type Augmentation, everySymmetry, uprightSymmetries } from '../../images/augment.ts';

/** As it is first. */
const symmetriesOf: Readonly<Record<Symmetries, readonly number[]>> = {
  all: everySymmetry,
  mirrored: uprightSymmetries,
  none: [0],
};

/** Whether views differ in anything but turning and mirroring. */
const varies = ({ scale, shift, brightness, contrast, colour }: AugmentationSettings): boolean =>
  [scale, shift, brightness, contrast, colour].some((measure) => measure > 0);

/** How many of the wanted views of an item differ: turning and mirroring alone gives eight, mirroring two, nothing one. */
export function distinctViews(settings: AugmentationSettings, wanted: number): number {
  if (varies(settings)) return wanted;
  return Math.min(wanted, symmetriesOf[settings.symmetries].length);
}

/**
 * What view `view` of an item is: the same for the same settings, seed, item and number. Undefined for view 0, the item as it is.
 * As many views that follow each other as there are symmetries, from a multiple of that on, are turned and mirrored each in
 * another way.
 */
export function drawAugmentation(
  settings: AugmentationSettings,
  seed: number,
  id: number,
  view: number,
): Augmentation | undefined {
  if (view === 0 || distinctViews(settings, 2) === 1) return undefined;
  const { next } = createRandom(deriveSeed(seed, id, view));
  const symmetries = inOwnOrder(settings.symmetries, seed, id);
  const evenly = (measure: number): number => (2 * next() - 1) * measure;
  return {
    symmetry: symmetries[view % symmetries.length],
    scale: Math.exp(evenly(Math.log1p(settings.scale))),
    shift: [evenly(settings.shift), evenly(settings.shift)],
    brightness: 1 + evenly(settings.brightness),
    contrast: 1 + evenly(settings.contrast),
    gains: [1 + evenly(settings.colour), 1 + evenly(settings.colour), 1 + evenly(settings.colour)],
    reach: 1 + settings.scale + 2 * settings.shift,
  };
}

/** The item as it is, and the others in an order of its own: a few views are then not the same few for all items. */
function inOwnOrder(choice: Symmetries, seed: number, id: number): number[] {
  const [asItIs, ...others] = symmetriesOf[choice];
  return [asItIs, ...createRandom(deriveSeed(seed, id)).shuffle(others)];
}
