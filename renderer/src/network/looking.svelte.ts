import type { Activations } from '../../../main/contract/api/networks.ts';
import type { Item } from '../../../main/contract/api/items.ts';
import { api, sentenceOf } from '../client.ts';
import { studio } from '../state.svelte.ts';

/** Shows items to a network, one after another, and keeps what its freeze points made of the last. */
export class Looking {
  readonly #hash: string;
  #item = $state.raw<Item | null>(null);
  #job = $state<number | null>(null);
  #busy = $state(false);
  #error = $state<string | null>(null);
  #found = $state.raw<ReadonlyMap<string, Activations | null>>(new Map());
  readonly #asked = new Set<string>();
  #latest: symbol | undefined;

  constructor(hash: string) {
    this.#hash = hash;
  }

  /** What is looked at; null: nothing was chosen yet. */
  get item(): Item | null {
    return this.#item;
  }
  get busy(): boolean {
    return this.#busy;
  }
  get error(): string | null {
    return this.#error;
  }
  /** What has to end before it can be shown. */
  get waitsFor(): string | undefined {
    const own = this.#job === null ? undefined : studio.job(this.#job);
    return own?.status === 'waiting' ? studio.activeJob?.title : undefined;
  }
  /** At a freeze point; null where it is not kept any more; undefined until `ask` has its answer. */
  at(point: string): Activations | null | undefined {
    return this.#found.get(point);
  }

  async choose(item: Item): Promise<void> {
    const own = (this.#latest = Symbol());
    if (this.#busy && this.#job !== null) void api.studio.cancelJob({ id: this.#job });
    this.#item = item;
    this.#found = new Map();
    this.#asked.clear();
    this.#error = null;
    this.#busy = true;
    this.#job = null;
    try {
      const { job } = await api.networks.activations({ hash: this.#hash, itemId: item.id });
      if (own !== this.#latest) return void api.studio.cancelJob({ id: job });
      this.#job = job;
      const end = await studio.finished(job, { tells: true });
      if (own !== this.#latest) return;
      if (end.status !== 'done') this.#error = end.error ?? 'This was cancelled. Choose an item to look again.';
    } catch (error) {
      if (own !== this.#latest) return;
      this.#error = sentenceOf(error);
    }
    this.#busy = false;
  }

  /** Asks once what a point made of the item. */
  ask(point: string): void {
    const [job, own] = [this.#job, this.#latest];
    if (this.#busy || job === null || this.#error !== null || this.#asked.has(point)) return;
    this.#asked.add(point);
    api.networks.activationsAt({ job, point }).then(
      (found) => {
        if (own === this.#latest) this.#found = new Map([...this.#found, [point, found]]);
      },
      (error: unknown) => {
        if (own === this.#latest) this.#error = sentenceOf(error);
      },
    );
  }

  /** Ends what is under way. */
  stop(): void {
    this.#latest = undefined;
    if (this.#busy && this.#job !== null) void api.studio.cancelJob({ id: this.#job });
  }
}
