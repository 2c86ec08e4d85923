import type { Explanation } from '../../../main/contract/api/learning.ts';
import { api, sentenceOf } from '../client.ts';
import { studio } from '../state.svelte.ts';

export type Question = Parameters<typeof api.evaluation.explain>[0];

/** Asks why a run answers as it does, one question after another: a new one ends the one before. */
export class Explainer {
  #found = $state.raw<Explanation | null>(null);
  #error = $state<string | null>(null);
  #job = $state<number | null>(null);
  #latest: symbol | undefined;

  /** The last answer; it stays while the next is awaited. */
  get found(): Explanation | null {
    return this.#found;
  }
  get error(): string | null {
    return this.#error;
  }
  get busy(): boolean {
    return this.#latest !== undefined;
  }
  /** What has to end before the question's turn comes. */
  get waitsFor(): string | undefined {
    const own = this.#job === null ? undefined : studio.job(this.#job);
    return own?.status === 'waiting' ? studio.activeJob?.title : undefined;
  }

  async ask(question: Question): Promise<void> {
    this.stop();
    const own = (this.#latest = Symbol());
    this.#error = null;
    try {
      const started = await api.evaluation.explain(question);
      if (own !== this.#latest) return void api.studio.cancelJob({ id: started.job });
      this.#job = started.job;
      const end = await studio.finished(started.job, { tells: true });
      if (own !== this.#latest) return;
      const found = end.status === 'done' ? await api.evaluation.explanation(started) : null;
      if (own !== this.#latest) return;
      if (found) this.#found = found;
      else this.#error = end.error ?? 'This was cancelled. Choose the image again to go on.';
    } catch (error) {
      if (own !== this.#latest) return;
      this.#error = sentenceOf(error);
    }
    this.#latest = undefined;
    this.#job = null;
  }

  /** What is still under way is of no use any more. */
  stop(): void {
    this.#latest = undefined;
    if (this.#job !== null) void api.studio.cancelJob({ id: this.#job });
    this.#job = null;
  }
}
