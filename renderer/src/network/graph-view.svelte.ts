import { type Axis, layoutAxis, nearest, type Span, stopPlaces } from './graph-layout.ts';

const mostZoom = 3;

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
  /** Of the axis, at the left edge. */
  #start = $state(0);
  #count = $state(0);
  /** Open blocks by number from 0, with the room that their content needs. */
  #open = $state.raw<ReadonlyMap<number, number>>(new Map());

  readonly #axis: Axis = $derived(
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
    return this.#zoom <= this.#fitting * 1.001;
  }
  isOpen(block: number): boolean {
    return this.#open.has(block);
  }
  get openBlocks(): ReadonlyMap<number, number> {
    return this.#open;
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

  /** Another network: closed, and seen whole. */
  reset(blocks: number): void {
    this.#count = blocks;
    this.#open = new Map();
    this.fit();
  }
  resize(width: number): void {
    const whole = this.isWhole;
    this.#width = Math.max(1, width);
    if (whole) this.fit();
    else this.#place(this.#start);
  }
  fit(): void {
    this.#zoom = this.#fitting;
    this.#place(0);
  }
  /** Zooms by a factor; what is at `x` on the screen stays there. */
  zoomBy(factor: number, x = this.#width / 2): void {
    const fixed = this.toAxis(x);
    this.#zoom = Math.min(mostZoom, Math.max(this.#fitting, this.#zoom * factor));
    this.#place(fixed - x / this.#zoom);
  }
  /** Moves what is seen by so many px on the screen, to the right. */
  pan(dx: number): void {
    this.#place(this.#start - dx / this.#zoom);
  }
  /** Moves the least that brings a block into sight. */
  reveal(block: number): void {
    const { left, right } = this.#axis.blocks[block];
    const room = this.#width / this.#zoom;
    const margin = Math.min(24 / this.#zoom, Math.max(0, (room - (right - left)) / 2));
    if (left - margin < this.#start) this.#place(left - margin);
    else if (right + margin > this.#start + room) this.#place(Math.min(left - margin, right + margin - room));
  }

  /** Opens blocks to their operators, at a zoom at which these can be read. @param contents px that each needs */
  open(contents: ReadonlyMap<number, number>): void {
    this.#open = new Map([...this.#open, ...contents]);
    this.#zoom = Math.min(mostZoom, Math.max(1, this.#zoom));
    const [first] = contents.keys();
    this.#place(this.#start);
    if (contents.size > 0) this.reveal(first);
  }
  close(...blocks: readonly number[]): void {
    const closed = new Set(blocks);
    this.#open = new Map([...this.#open].filter(([block]) => !closed.has(block)));
    this.#zoom = Math.max(this.#fitting, this.#zoom);
    if (this.#open.size === 0) this.fit();
    else this.#place(this.#start);
  }

  /** A network that is shorter than the drawing stands in its middle. */
  #place(start: number): void {
    const beyond = this.#axis.length - this.#width / this.#zoom;
    this.#start = beyond <= 0 ? beyond / 2 : Math.min(Math.max(0, start), beyond);
  }
}
