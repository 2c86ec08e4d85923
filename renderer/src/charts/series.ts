/** A line of a chart. */
export interface Series {
  readonly name: string;
  /** From left to right. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly colour: string;
  /** `faint` stands behind the others, and does not say how far the axis goes. */
  readonly kind?: 'line' | 'dashed' | 'faint';
}

/** A part of the axis from left to right. */
export interface Range {
  readonly from: number;
  readonly to: number;
}
