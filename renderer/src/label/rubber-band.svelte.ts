/** Movement from which a press is a drag, in px. */
const slack = 5;
/** Distance from the edge at which dragging scrolls, and the most px a frame. */
const edge = 40;

interface Ground {
  element: () => HTMLElement | null;
  /** Which item is at a point of the content, and which are touched by a rectangle of it; all in px. */
  indexAt: (x: number, y: number) => number | undefined;
  indicesIn: (left: number, top: number, right: number, bottom: number) => number[];
  /** What was selected before, to which a drag with Ctrl adds. */
  base: () => readonly number[];
  select: (indices: number[], base: readonly number[]) => void;
  click: (index: number | undefined, event: PointerEvent) => void;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Presses on a scrolling ground of items: a click, or a rectangle dragged over them, which scrolls at the edges. */
export class RubberBand {
  #ground: Ground;
  #start: Point | null = null;
  #pointer: Point = { x: 0, y: 0 };
  #base: readonly number[] = [];
  #frame = 0;
  #box = $state.raw<{ left: number; top: number; width: number; height: number } | null>(null);

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** The rectangle while it is dragged, in px of the content. */
  get box(): { left: number; top: number; width: number; height: number } | null {
    return this.#box;
  }

  indexUnder(event: MouseEvent): number | undefined {
    const { x, y } = this.#content({ x: event.clientX, y: event.clientY });
    return this.#ground.indexAt(x, y);
  }

  down(event: PointerEvent): void {
    // A finger scrolls; the scroll bar is not content.
    const element = this.#ground.element();
    if (event.button !== 0 || element === null) return;
    if (event.clientX > element.getBoundingClientRect().left + element.clientWidth) return;
    this.#pointer = { x: event.clientX, y: event.clientY };
    this.#start = this.#content(this.#pointer);
    this.#base = event.ctrlKey || event.metaKey ? this.#ground.base() : [];
  }

  move(event: PointerEvent): void {
    if (this.#start === null || event.pointerType === 'touch') return;
    this.#pointer = { x: event.clientX, y: event.clientY };
    if (this.#box !== null) return;
    const { x, y } = this.#content(this.#pointer);
    if (Math.hypot(x - this.#start.x, y - this.#start.y) < slack) return;
    this.#ground.element()?.setPointerCapture(event.pointerId);
    this.#draw();
  }

  up(event: PointerEvent): void {
    const dragged = this.#box !== null;
    const pressed = this.#start !== null;
    this.cancel();
    if (pressed && !dragged) this.#ground.click(this.indexUnder(event), event);
  }

  cancel(): void {
    cancelAnimationFrame(this.#frame);
    this.#start = null;
    this.#box = null;
  }

  /** Once a frame while it is dragged, since the ground scrolls on while the pointer rests at the edge. */
  #draw(): void {
    const element = this.#ground.element();
    if (this.#start === null || element === null) return;
    const { top, bottom } = element.getBoundingClientRect();
    const beyond = Math.max(0, this.#pointer.y - (bottom - edge)) - Math.max(0, top + edge - this.#pointer.y);
    if (beyond !== 0) element.scrollTop += Math.max(-edge, Math.min(edge, beyond / 2));
    const at = this.#content(this.#pointer);
    const [left, right] = [Math.min(at.x, this.#start.x), Math.max(at.x, this.#start.x)];
    const [upper, lower] = [Math.min(at.y, this.#start.y), Math.max(at.y, this.#start.y)];
    const before = this.#box;
    this.#box = { left, top: upper, width: right - left, height: lower - upper };
    if (
      before?.left !== left ||
      before.top !== upper ||
      before.width !== right - left ||
      before.height !== lower - upper
    )
      this.#ground.select(this.#ground.indicesIn(left, upper, right, lower), this.#base);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #content({ x, y }: Point): Point {
    const element = this.#ground.element();
    if (element === null) return { x, y };
    const own = element.getBoundingClientRect();
    return { x: x - own.left + element.scrollLeft, y: y - own.top + element.scrollTop };
  }
}
