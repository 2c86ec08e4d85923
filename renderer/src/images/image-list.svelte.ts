import type { Image } from '../../../main/contract/api/items.ts';
import { api, sentenceOf } from '../client.ts';

const pageSize = 200;
/** Images that the core describes in one answer. */
const largestPage = 2000;

/** The project's images, of which only those pages are had that were looked at. */
export class ImageList {
  #rows = $state.raw<readonly (Image | undefined)[]>([]);
  #error = $state<string | null>(null);
  #fetched = new Map<number, string>();
  #asked: { first: number; end: number } = { first: 0, end: 0 };
  #version = '';

  get rows(): readonly (Image | undefined)[] {
    return this.#rows;
  }
  get error(): string | null {
    return this.#error;
  }

  /** There are so many images now, and they may have changed: `version` differs from before where they have. */
  reset(total: number, version: string): void {
    if (this.#rows.length !== total) this.#rows = Array.from({ length: total }, (_, index) => this.#rows[index]);
    this.#version = version;
    this.show(this.#asked.first, this.#asked.end);
  }

  /** Asks for those rows that are not had, or not as they are now. */
  show(first: number, end: number): void {
    this.#asked = { first, end };
    for (let page = Math.floor(first / pageSize); page * pageSize < Math.min(end, this.#rows.length); page++) {
      if (this.#fetched.get(page) === this.#version) continue;
      this.#fetched.set(page, this.#version);
      void this.#fetch(page);
    }
  }

  /** Numbers of the images from one place in the list to another, both included: also of rows that are not had. */
  async idsBetween(one: number, other: number): Promise<number[]> {
    const [first, end] = [Math.min(one, other), Math.max(one, other) + 1];
    const ids: number[] = [];
    while (first + ids.length < end) {
      const found = await api.items.images({
        offset: first + ids.length,
        limit: Math.min(largestPage, end - first - ids.length),
      });
      if (found.length === 0) break;
      ids.push(...found.map(({ id }) => id));
    }
    return ids;
  }

  async #fetch(page: number): Promise<void> {
    const offset = page * pageSize;
    try {
      const images = await api.items.images({ offset, limit: pageSize });
      const rows = [...this.#rows];
      images.forEach((image, index) => {
        if (offset + index < rows.length) rows[offset + index] = image;
      });
      this.#rows = rows;
      this.#error = null;
    } catch (error) {
      this.#fetched.delete(page);
      this.#error = sentenceOf(error);
    }
  }
}
