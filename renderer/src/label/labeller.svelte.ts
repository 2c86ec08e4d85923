import { api, ConnectionError, sentenceOf } from '../client.ts';
import { counted } from '../format.ts';
import { studio } from '../state.svelte.ts';
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
    // The same label given twice changes nothing the second time: where its fate is not known it is sent again.
    this.#enqueue(() => api.labels.set({ ids: [...ids], classId }), {
      again: true,
      after: () => this.#cache.release(ids),
    });
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

  #enqueue(act: () => Promise<unknown>, { again = false, after }: { again?: boolean; after?: () => void } = {}): void {
    const folder = studio.project?.folder;
    this.#unsaved++;
    this.#queue = this.#queue.then(async () => {
      try {
        if (!(await send(act, folder, again)))
          toasts.failed('The project was closed before everything was saved. Open it and look at the last labels.');
      } catch (error) {
        toasts.failed(sentenceOf(error));
      }
      this.#unsaved--;
      after?.();
    });
  }
}

/**
 * Does something in a project, when there is a connection.
 *
 * @param again a break of the connection while it is done is no reason to give up
 * @returns false where the project is not open any more: items of another one have the same numbers
 */
async function send(act: () => Promise<unknown>, folder: string | undefined, again: boolean): Promise<boolean> {
  for (;;) {
    await studio.live();
    if (studio.project?.folder !== folder) return false;
    try {
      await act();
      return true;
    } catch (error) {
      if (!again || !(error instanceof ConnectionError)) throw error;
    }
  }
}
