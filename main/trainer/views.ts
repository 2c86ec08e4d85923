import type { Box, DisplayLimits } from '../contract/images.ts';
import type { Augmentation } from '../images/augment.ts';
import type { FileState } from '../images/unchanged.ts';

/** What of one image is to be shown to a network. Images are decoded once for all of their views. */
export interface ViewedImage {
  readonly path: string;
  readonly page: number;
  /** For images of more than 8 bits; absent: those that the image's own values suggest. */
  readonly limits?: DisplayLimits;
  /** Views of a file that holds something else by now are failures; whatever it holds is shown when absent. */
  readonly expected?: FileState;
  readonly views: readonly View[];
}

/** Those views that are wanted, by number, of the images that have any. */
export function pickViews(images: readonly ViewedImage[], wanted: (id: number) => boolean): ViewedImage[] {
  return images
    .map((image) => ({ ...image, views: image.views.filter(({ id }) => wanted(id)) }))
    .filter(({ views }) => views.length > 0);
}

export interface View {
  readonly id: number;
  /** Absent: the whole image. */
  readonly box?: Box;
  /** Context on each side, as a share of the box's longer side. */
  readonly margin: number;
  /** Absent: the item as it is. */
  readonly augmentation?: Augmentation;
}

/** An item whose pixels could not be had. */
export interface ViewFailure {
  readonly id: number;
  readonly reason: string;
}
