/**
 * Where the blocks of a network stand along the axis from its input (left) to the classes (right), before any zooming. The
 * drawing, the freeze slider and the curves above all go by it.
 */

/** Room for the image at the left and for the classifier at the right, in px. */
export const ends = { left: 72, right: 148 } as const;
/** Room at both sides of an open block. */
const openMargin = 12;
/** A closed block is never narrower, nor wider where there are few. */
const closedWidth = { least: 13, most: 96 } as const;

/** A stretch of the axis. */
export interface Span {
  readonly left: number;
  readonly right: number;
}

export interface Axis {
  /** Of each block, from the input on. They touch: between two of them lies a freeze point. */
  readonly blocks: readonly Span[];
  readonly length: number;
}

/**
 * @param room px that the whole network is to fill while it is closed and not zoomed
 * @param open px that the content of each open block needs; undefined for a closed one
 */
export function layoutAxis(room: number, open: readonly (number | undefined)[]): Axis {
  const share = (room - ends.left - ends.right) / Math.max(1, open.length);
  const closed = Math.min(closedWidth.most, Math.max(closedWidth.least, share));
  const blocks: Span[] = [];
  let at: number = ends.left;
  for (const content of open) {
    const width = content === undefined ? closed : Math.max(closed, content + 2 * openMargin);
    blocks.push({ left: at, right: at + width });
    at += width;
  }
  return { blocks, length: at + ends.right };
}

/** Where stop 0 (before the first block) to stop n (after the last) lie: the boundaries of the blocks. */
export function stopPlaces({ blocks }: Axis): number[] {
  return [blocks.at(0)?.left ?? ends.left, ...blocks.map(({ right }) => right)];
}

/** The nearest of some places, by number. */
export function nearest(places: readonly number[], x: number): number {
  let found = 0;
  for (const [at, place] of places.entries()) if (Math.abs(place - x) < Math.abs(places[found] - x)) found = at;
  return found;
}
