/** Pixels of the image as stored (after EXIF orientation), origin top left. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Stored values that are shown, and given to networks, as black and as white. */
export interface DisplayLimits {
  readonly low: number;
  readonly high: number;
}

export const parts = ['train', 'validation', 'test'] as const;
/** The side of a split on which an item stands. */
export type Part = (typeof parts)[number];

export const importFormats = ['folder', 'csv', 'voc', 'coco', 'label-studio'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** One item as an annotation source names it, before anything of it was opened. */
export interface ImportRecord {
  /** Absolute path of the image file. */
  readonly image: string;
  /** Page of a multi-page file, from 0. */
  readonly page?: number;
  /** Absent: the whole image. */
  readonly box?: Box;
  readonly label?: string;
  readonly group?: string;
  readonly part?: Part;
  /** Where it is said, for messages: `labels.csv line 12`. */
  readonly source: string;
}

/** Something in a source that could not be taken, and why. The rest of the source is still read. */
export interface Refusal {
  readonly source: string;
  readonly reason: string;
}
