import { api, ConnectionError, sentenceOf } from '../client.ts';
import { counted } from '../format.ts';
import { toasts } from '../toasts.svelte.ts';
import type { ItemCache } from './item-cache.svelte.ts';

/**
 * Gives labels: shown at once, saved one act after another in the order in which they were given. When the connection
 * breaks, what is not saved waits and is sent again.
 */
export class Labeller {
  #cache: ItemCache;
  #queue: Promise<void> = Promise.resolve();
  #unsaved = $state(0);
  #said = $state('');

  constructor(cache: ItemCache) {
    this.#cache = cache;
  }

  /** Acts that the core has not confirmed. */
  get unsaved(): number {
    return this.#unsaved;
  }
  /** What was done last, for those who do not see it. */
  get said(): string {
    return this.#said;
  }

  /** @param classId null takes the labels away */
  label(ids: readonly number[], classId: number | null, className: string | null): void {
    if (ids.length === 0) return;
    this.#cache.paint(ids, classId, 'hand');
    this.#said =
      className === null
        ? `Label taken away from ${counted(ids.length, 'item')}`
        : `${className}: ${counted(ids.length, 'item')} labelled`;
    this.#enqueue(
      () => api.labels.set({ ids: [...ids], classId }),
      () => this.#cache.release(ids),
    );
  }

  undo(): void {
    this.#takeBack(() => api.labels.undo(), 'Taken back', 'There is nothing more to take back.');
  }
  redo(): void {
    this.#takeBack(() => api.labels.redo(), 'Done again', 'There is nothing to do again.');
  }

  #takeBack(act: () => Promise<{ changed: number } | null>, done: string, nothing: string): void {
    this.#enqueue(async () => {
      const answer = await act();
      this.#said = answer === null ? nothing : `${done}: ${counted(answer.changed, 'label')}`;
      toasts.done(this.#said);
    });
  }

  #enqueue(act: () => Promise<unknown>, after: () => void = () => undefined): void {
    this.#unsaved++;
    this.#queue = this.#queue.then(async () => {
      try {
        await untilAnswered(act);
      } catch (error) {
        toasts.failed(sentenceOf(error));
      }
      this.#unsaved--;
      after();
    });
  }
}

/** The same label given twice changes nothing the second time, so that an act whose fate is not known is sent again. */
async function untilAnswered(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
  }
}
