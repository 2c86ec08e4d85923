import type { ItemFilter, ItemOrder } from '../../../main/contract/api/items.ts';
import { api, sentenceOf } from '../client.ts';
import { studio } from '../state.svelte.ts';
import { ItemCache } from './item-cache.svelte.ts';
import { Labeller } from './labeller.svelte.ts';
import { Selection } from './selection.svelte.ts';

/** Everything that the Label screen shows: which items in which order, which are selected, and their labels. */
export class LabelView {
  readonly cache = new ItemCache();
  readonly labeller = new Labeller(this.cache);
  readonly selection = new Selection(() => this.ids);
  #ids = $state.raw<readonly number[]>([]);
  #filter = $state.raw<ItemFilter>({});
  #order = $state.raw<ItemOrder>({ by: 'number' });
  #status = $state<'loading' | 'preparing' | 'ready' | 'failed'>('loading');
  #error = $state('');
  /** The labels' revision when the list was had. */
  #asOf = $state(0);
  #question = 0;

  /** Numbers of the items in the view, in its order. */
  get ids(): readonly number[] {
    return this.#ids;
  }
  get filter(): ItemFilter {
    return this.#filter;
  }
  get order(): ItemOrder {
    return this.#order;
  }
  /** `preparing`: codes are computed, which sorting by similarity needs. */
  get status(): 'loading' | 'preparing' | 'ready' | 'failed' {
    return this.#status;
  }
  get error(): string {
    return this.#error;
  }
  /**
   * Labels have changed since the list was had, and it goes by labels. It stays as it is until the person says otherwise:
   * items do not vanish under the hand that labels them.
   */
  get outdated(): boolean {
    const { label, source, disagreesWithRun } = this.#filter;
    const byLabels = label !== undefined || source !== undefined || disagreesWithRun !== undefined;
    const ordered = this.#order.by === 'label' || this.#order.by === 'confident-mistakes';
    return (byLabels || ordered) && this.#status === 'ready' && studio.revision('labels') !== this.#asOf;
  }

  show(filter: ItemFilter, order: ItemOrder): void {
    const reordered = order.by !== this.#order.by;
    this.#filter = filter;
    this.#order = order;
    void this.query(reordered ? 'top' : 'item');
  }

  /** Asks for the list anew. Focus and selection stay on their items, or go to the top where the list begins anew. */
  async query(focus: 'top' | 'item' = 'item'): Promise<void> {
    const question = ++this.#question;
    const asked = { filter: this.#filter, order: this.#order };
    if (this.#status !== 'ready') this.#status = 'loading';
    const asOf = studio.revision('labels');
    try {
      const ids = await this.#ask(asked, question);
      if (question !== this.#question || ids === null) return;
      const focused = this.selection.focusedId;
      this.#ids = ids;
      this.#asOf = asOf;
      this.#status = 'ready';
      this.selection.keep(focus === 'top' ? ids.at(0) : focused);
    } catch (error) {
      if (question !== this.#question) return;
      this.#error = sentenceOf(error);
      this.#status = 'failed';
    }
  }

  /** Labels what is selected, or else what the keyboard is on, and moves on. */
  label(classId: number | null, className: string | null): void {
    this.labeller.label(this.selection.targets(), classId, className);
    this.selection.moveOn();
  }

  /**
   * Items that were just made: in the list at once, whatever the filter says, with the keyboard on the last. Nothing is
   * selected any more, so that the next label goes to it.
   */
  added(ids: readonly number[]): void {
    const known = new Set(this.#ids);
    this.#ids = [...this.#ids, ...ids.filter((id) => !known.has(id))];
    const last = ids.at(-1);
    this.selection.clear();
    if (last !== undefined) this.selection.move(this.#ids.indexOf(last));
  }

  /** null: it has failed, and why is known. */
  async #ask(asked: { filter: ItemFilter; order: ItemOrder }, question: number): Promise<number[] | null> {
    try {
      return await api.items.query(asked);
    } catch (error) {
      if (asked.order.by !== 'similarity') throw error;
    }
    // Without codes the order is refused: they are computed, once, and it is asked for again.
    if (question === this.#question) this.#status = 'preparing';
    const { job } = await api.items.prepareSimilar();
    const { status, error } = await studio.finished(job);
    if (status !== 'done' && question === this.#question) {
      this.#status = 'failed';
      this.#error = error ?? 'Comparing the items was stopped. Choose the order again to take it up.';
      return null;
    }
    return api.items.query(asked);
  }
}
