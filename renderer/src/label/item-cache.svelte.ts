import type { Item } from '../../../main/contract/api/items.ts';
import { api, ConnectionError, sentenceOf } from '../client.ts';
import { studio } from '../state.svelte.ts';
import { toasts } from '../toasts.svelte.ts';

/** Items described in one call. */
const portion = 500;
/** Items kept, of those that are not in sight. */
const most = 20_000;

/**
 * Items as they are shown: those in sight are had from the core and kept up to date; a label that was just given shows
 * at once, before the core has it.
 */
export class ItemCache {
  #items = new Map<number, Item>();
  #version = $state(0);
  #wanted: readonly number[] = [];
  #busy = false;
  /** Items are had as of this count; it goes up when something may have changed. */
  #epoch = 0;
  #fetched = new Map<number, number>();
  /** When an item was last painted, in steps of `#clock`; Infinity while its label is being saved. */
  #painted = new Map<number, number>();
  #clock = 0;

  /** undefined: not had yet. */
  get(id: number): Item | undefined {
    return this.#version >= 0 ? this.#items.get(id) : undefined;
  }

  /** These are in sight, or soon will be. */
  want(ids: readonly number[]): void {
    this.#wanted = ids;
    void this.#fetch();
  }

  /** Something changed in the core: what is in sight is asked for anew, the rest when it is looked at. */
  refresh(): void {
    this.#epoch++;
    void this.#fetch();
  }

  /** Shows a label that is not saved yet. */
  paint(ids: readonly number[], classId: number | null, source: 'hand' | 'suggestion'): void {
    for (const id of ids) {
      this.#painted.set(id, Infinity);
      const item = this.#items.get(id);
      if (item !== undefined) this.#items.set(id, { ...item, classId, source: classId === null ? null : source });
    }
    this.#version++;
  }

  /** The labels of these items are saved, or were refused: what the core says counts again. */
  release(ids: readonly number[]): void {
    const now = ++this.#clock;
    for (const id of ids) {
      this.#painted.set(id, now);
      this.#fetched.delete(id);
    }
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#busy) return;
    const ids = this.#wanted
      .filter((id) => this.#fetched.get(id) !== this.#epoch && this.#painted.get(id) !== Infinity)
      .slice(0, portion);
    if (ids.length === 0) return;
    this.#busy = true;
    const epoch = this.#epoch;
    const asked = this.#clock;
    try {
      const found = await api.items.describe({ ids });
      for (const id of ids) this.#fetched.set(id, epoch);
      for (const item of found) if ((this.#painted.get(item.id) ?? 0) <= asked) this.#items.set(item.id, item);
      this.#version++;
      this.#makeRoom();
    } catch (error) {
      if (error instanceof ConnectionError) await studio.live();
      else {
        toasts.failed(sentenceOf(error));
        for (const id of ids) this.#fetched.set(id, epoch);
      }
    }
    this.#busy = false;
    void this.#fetch();
  }

  #makeRoom(): void {
    if (this.#items.size <= most) return;
    const wanted = new Set(this.#wanted);
    for (const id of this.#items.keys()) {
      if (this.#items.size <= most / 2) return;
      if (wanted.has(id)) continue;
      this.#items.delete(id);
      this.#fetched.delete(id);
    }
  }
}
