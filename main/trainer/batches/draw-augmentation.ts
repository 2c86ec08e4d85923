import type { AugmentationSettings } from '../../contract/augmentation.ts';
import { createRandom, deriveSeed } from '../../engine/random.ts';
import { type Augmentation, symmetryCount } from '../../images/augment.ts';

/** Whether views differ in anything but turning and mirroring. */
const varies = ({ scale, shift, brightness, contrast, colour }: AugmentationSettings): boolean =>
  [scale, shift, brightness, contrast, colour].some((measure) => measure > 0);

/** How many of the wanted views of an item differ: turning and mirroring alone gives eight, nothing gives one. */
export function distinctViews(settings: AugmentationSettings, wanted: number): number {
  if (varies(settings)) return wanted;
  return Math.min(wanted, settings.symmetries ? symmetryCount : 1);
}

/**
 * What view `view` of an item is: the same for the same settings, seed, item and number. Undefined for view 0, the item as it is.
 * Eight views that follow each other, from a multiple of eight on, are turned and mirrored each in another way.
 */
export function drawAugmentation(
  settings: AugmentationSettings,
  seed: number,
  id: number,
  view: number,
): Augmentation | undefined {
  if (view === 0 || distinctViews(settings, 2) === 1) return undefined;
  const { next } = createRandom(deriveSeed(seed, id, view));
  const evenly = (measure: number): number => (2 * next() - 1) * measure;
  return {
    symmetry: settings.symmetries ? symmetriesOf(seed, id)[view % symmetryCount] : 0,
    scale: Math.exp(evenly(Math.log1p(settings.scale))),
    shift: [evenly(settings.shift), evenly(settings.shift)],
    brightness: 1 + evenly(settings.brightness),
    contrast: 1 + evenly(settings.contrast),
    gains: [1 + evenly(settings.colour), 1 + evenly(settings.colour), 1 + evenly(settings.colour)],
    reach: 1 + settings.scale + 2 * settings.shift,
  };
}

/** The item as it is, and the others in an order of its own: a few views are then not the same few for all items. */
function symmetriesOf(seed: number, id: number): number[] {
  const others = Array.from({ length: symmetryCount - 1 }, (_, at) => at + 1);
  return [0, ...createRandom(deriveSeed(seed, id)).shuffle(others)];
}
