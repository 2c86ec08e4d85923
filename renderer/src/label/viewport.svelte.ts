import type { Box } from '../../../main/contract/images.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Screen px an image px may be shown with at most. */
const largestZoom = 40;
/** Room left around an image that fits, in px. */
const border = 24;

/** Where an image lies in a window on it. Places on the screen are in px from the window's corner. */
export class Viewport {
  #image = $state.raw({ width: 1, height: 1 });
  #window = $state.raw({ width: 1, height: 1 });
  #zoom = $state(1);
  #origin = $state.raw<Point>({ x: 0, y: 0 });

  /** Screen px an image px is shown with. */
  get zoom(): number {
    return this.#zoom;
  }
  /** Where the image's top left corner is on the screen. */
  get origin(): Point {
    return this.#origin;
  }
  get centre(): Point {
    return this.toImage({ x: this.#window.width / 2, y: this.#window.height / 2 });
  }

  /** Another image: shown whole. */
  open(width: number, height: number): void {
    this.#image = { width, height };
    this.fit();
  }
  resize(width: number, height: number): void {
    this.#window = { width, height };
  }

  fit(): void {
    this.#zoom = this.#fitting();
    this.#origin = {
      x: (this.#window.width - this.#image.width * this.#zoom) / 2,
      y: (this.#window.height - this.#image.height * this.#zoom) / 2,
    };
  }

  /** Zooms by a factor; what is at `at` on the screen stays there. */
  zoomBy(factor: number, at: Point = { x: this.#window.width / 2, y: this.#window.height / 2 }): void {
    const fixed = this.toImage(at);
    this.#zoom = Math.min(largestZoom, Math.max(Math.min(1, this.#fitting()) / 2, this.#zoom * factor));
    this.#place({ x: at.x - fixed.x * this.#zoom, y: at.y - fixed.y * this.#zoom });
  }

  pan(dx: number, dy: number): void {
    this.#place({ x: this.#origin.x + dx, y: this.#origin.y + dy });
  }

  /** Moves the least that brings a box of the image into sight. */
  reveal(box: Box): void {
    const move = (start: number, size: number, room: number): number => {
      if (start < border) return border - start;
      const beyond = start + size - (room - border);
      return beyond > 0 ? -Math.min(beyond, start - border) : 0;
    };
    const corner = this.toScreen(box);
    this.pan(
      move(corner.x, box.width * this.#zoom, this.#window.width),
      move(corner.y, box.height * this.#zoom, this.#window.height),
    );
  }

  toImage({ x, y }: Point): Point {
    return { x: (x - this.#origin.x) / this.#zoom, y: (y - this.#origin.y) / this.#zoom };
  }
  toScreen({ x, y }: Point): Point {
    return { x: x * this.#zoom + this.#origin.x, y: y * this.#zoom + this.#origin.y };
  }

  /** A point of the image, or the nearest to one beside it. */
  clamp({ x, y }: Point): Point {
    return { x: Math.max(0, Math.min(this.#image.width, x)), y: Math.max(0, Math.min(this.#image.height, y)) };
  }

  #fitting(): number {
    const { width, height } = this.#window;
    const room = Math.min((width - 2 * border) / this.#image.width, (height - 2 * border) / this.#image.height);
    return Math.max(0.001, Math.min(largestZoom, room));
  }

  /** At least a corner of the image stays in sight. */
  #place({ x, y }: Point): void {
    const { width, height } = this.#window;
    this.#origin = {
      x: Math.max(4 * border - this.#image.width * this.#zoom, Math.min(width - 4 * border, x)),
      y: Math.max(4 * border - this.#image.height * this.#zoom, Math.min(height - 4 * border, y)),
    };
  }
}

/** The box between two corners. */
export function boxBetween(a: Point, b: Point): Box {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
}

/** The square of a side around a point. */
export function squareAround({ x, y }: Point, side: number): Box {
  return { x: x - side / 2, y: y - side / 2, width: side, height: side };
}
