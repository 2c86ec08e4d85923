import { type Axis, layoutAxis, nearest, type Span, stopPlaces } from './graph-layout.ts';

const mostZoom = 3;
/** The least zoom at which operators can be read with ease. */
const readable = 0.8;
/** Px of its neighbours that are seen beside an open block. */
const openMargin = 32;

/**
 * How the network's graph is looked at: its width on the screen, what of the axis is seen, which blocks are open. Shared by
 * the drawing, the freeze slider and whatever stands above, so that all keep aligned. Places are in px from the left edge
 * of the drawing, and follow when the person zooms, pans, or opens a block.
 *
 * Stops are numbered as the slider's are: 0 before the first block (nothing frozen), i after block i, which is freeze point i
 * (`freezePoints[i - 1]`), the last of them before the classifier (everything frozen).
 */
export class GraphView {
  #width = $state(960);
  #zoom = $state(1);
  /** The whole network is seen, and stays seen when there is more or less room. */
  #whole = $state(true);
  /** Of the axis, at the left edge. */
  #start = $state(0);
  readonly #count: number;
  /** Open blocks by number from 0, with the room that their content needs. */
  #open = $state.raw<ReadonlyMap<number, number>>(new Map());

  readonly #axis: Axis = $derived.by(() =>
    layoutAxis(
      this.#width,
      Array.from({ length: this.#count }, (_, block) => this.#open.get(block)),
    ),
  );
  /** On the screen: px from the left edge of the drawing; those out of sight lie below 0 or beyond `width`. */
  readonly stops: readonly number[] = $derived(stopPlaces(this.#axis).map((place) => this.toScreen(place)));
  readonly blocks: readonly Span[] = $derived(
    this.#axis.blocks.map(({ left, right }) => ({ left: this.toScreen(left), right: this.toScreen(right) })),
  );
  /** The zoom at which the whole network is seen. */
  readonly #fitting: number = $derived(Math.min(1, this.#width / this.#axis.length));

  constructor(blocks: number) {
    this.#count = blocks;
    this.fit();
  }

  /** Of the drawing. */
  get width(): number {
    return this.#width;
  }
  get zoom(): number {
    return this.#zoom;
  }
  /** Where the axis begins and ends on the screen. */
  get span(): Span {
    return { left: this.toScreen(0), right: this.toScreen(this.#axis.length) };
  }
  get isWhole(): boolean {
    return this.#whole;
  }
  isOpen(block: number): boolean {
    return this.#open.has(block);
  }
  get openCount(): number {
    return this.#open.size;
  }

  toScreen(place: number): number {
    return (place - this.#start) * this.#zoom;
  }
  toAxis(x: number): number {
    return x / this.#zoom + this.#start;
  }
  /** The stop that is nearest to a place on the screen. */
  stopAt(x: number): number {
    return nearest(this.stops, x);
  }

  resize(width: number): void {
    this.#width = Math.max(1, width);
    if (this.#whole) this.fit();
    else this.#place(this.#start);
  }
  fit(): void {
    this.#whole = true;
    this.#zoom = this.#fitting;
    this.#place(0);
  }
  /** Zooms by a factor; what is at `x` on the screen stays there. */
  zoomBy(factor: number, x = this.#width / 2): void {
    const fixed = this.toAxis(x);
    this.#zoom = Math.min(mostZoom, Math.max(this.#fitting, this.#zoom * factor));
    this.#whole = this.#zoom <= this.#fitting;
    this.#place(fixed - x / this.#zoom);
  }
  /** Moves what is seen by so many px on the screen, to the right. */
  pan(dx: number): void {
    this.#place(this.#start - dx / this.#zoom);
  }
  /** Moves the least that brings a stretch of the screen into sight. */
  show({ left, right }: Span): void {
    const margin = 24;
    if (left < margin) this.pan(margin - left);
    else if (right > this.#width - margin) this.pan(Math.max(this.#width - margin - right, margin - left));
  }
  /** Moves the least that brings a block into sight. */
  reveal(block: number): void {
    const { left, right } = this.#axis.blocks[block];
    const room = this.#width / this.#zoom;
    const margin = Math.min(24 / this.#zoom, Math.max(0, (room - (right - left)) / 2));
    if (left - margin < this.#start) this.#place(left - margin);
    else if (right + margin > this.#start + room) this.#place(Math.min(left - margin, right + margin - room));
  }

  /**
   * Opens these blocks to their operators, and closes all others, at a zoom at which they can be read.
   *
   * @param contents px that each needs
   */
  open(contents: ReadonlyMap<number, number>): void {
    const middle = this.toAxis(this.#width / 2) / this.#axis.length;
    this.#open = contents;
    if (contents.size === 0 || this.#fitting >= readable) {
      this.fit();
      return;
    }
    this.#whole = false;
    if (contents.size > 1) {
      this.#zoom = 1;
      this.#place(middle * this.#axis.length - this.#width / 2);
      return;
    }
    const [block] = contents.keys();
    const { left, right } = this.#axis.blocks[block];
    this.#zoom = Math.min(1, Math.max(readable, (this.#width - 2 * openMargin) / (right - left)));
    const spare = this.#width / this.#zoom - (right - left);
    // What does not fit is seen from its beginning on.
    this.#place(left - Math.max(spare / 2, openMargin / 2));
  }

  /** A network that is shorter than the drawing stands in its middle. */
  #place(start: number): void {
    const beyond = this.#axis.length - this.#width / this.#zoom;
    this.#start = beyond <= 0 ? beyond / 2 : Math.min(Math.max(0, start), beyond);
  }
}
