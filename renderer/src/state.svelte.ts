import { api, connect, sentenceOf } from './client.ts';
import type { Connection } from './client.ts';
import { isOver, JobEnds } from './job-ends.ts';
import { toasts } from './toasts.svelte.ts';
import type { Job, ProjectSummary, StudioState } from '../../main/contract/api/studio.ts';

export { isOver } from './job-ends.ts';

export type Revision = keyof StudioState['revisions'];

/** What the core says of itself, kept up to date; the same for every screen. */
class Studio {
  #state = $state.raw<StudioState | null>(null);
  #connection = $state<Connection>('connecting');
  readonly #ends = new JobEnds();
  /** How often the stream was taken up. The core may be another one since, which counts its revisions from the start. */
  #streams = 0;
  /** Jobs whose end is told where they were started. */
  readonly #toldThere = new Set<number>();

  get connection(): Connection {
    return this.#connection;
  }
  /** False until the core said for the first time what it has open. */
  get ready(): boolean {
    return this.#state !== null;
  }
  get project(): ProjectSummary | null {
    return this.#state?.project ?? null;
  }
  get shell(): StudioState['shell'] {
    return this.#state?.shell ?? 'browser';
  }
  get version(): string {
    return this.#state?.version ?? '';
  }
  get device(): string | null {
    return this.#state?.device ?? null;
  }
  get jobs(): readonly Job[] {
    return this.#state?.jobs ?? [];
  }
  /** The job that runs now, or the next that waits. */
  get activeJob(): Job | undefined {
    return this.jobs.find((job) => job.status === 'running') ?? this.jobs.find((job) => job.status === 'waiting');
  }
  revision(kind: Revision): number {
    return this.#state === null ? 0 : this.#state.revisions[kind] + this.#streams * 1e9;
  }
  job(id: number): Job | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /**
   * The job as it ended: done, failed or cancelled.
   *
   * @param tells the caller says how it ended: no message is shown besides
   */
  finished(id: number, { tells = false } = {}): Promise<Job> {
    if (tells) this.#toldThere.add(id);
    const job = this.job(id);
    if (job !== undefined && isOver(job)) return Promise.resolve(job);
    return this.#ends.of(id);
  }

  start(): void {
    connect((connection) => (this.#connection = connection));
    void this.#watch();
  }

  /** Takes the stream up again whenever it ends, which it does when the connection breaks. */
  async #watch(): Promise<never> {
    for (;;) {
      try {
        const states = await api.studio.watch();
        this.#streams++;
        for await (const state of states) this.#take(state);
      } catch (error) {
        console.warn('The stream of the studio’s state ended.', error);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  #take(state: StudioState): void {
    this.#state = state;
    for (const job of this.#ends.take(state.jobs)) {
      if (this.#toldThere.delete(job.id)) continue;
      if (job.status === 'failed') toasts.failed(`${job.title} failed. ${job.error ?? ''}`);
      else if (job.status === 'done') toasts.done(`${job.title}: done.`);
    }
  }
}

export const studio = new Studio();

/**
 * Data of the open project for a screen: asked for at once, and anew whenever one of the named revisions, or anything
 * reactive that `ask` reads before its first await, changes. Made while a component is set up. An answer that was
 * overtaken by a newer question is dropped; the last good value stays while the next is awaited.
 */
export class Resource<T> {
  #value = $state.raw<T | undefined>();
  #error = $state<string | null>(null);
  #loading = $state(true);

  constructor(ask: () => Promise<T>, revisions: readonly Revision[]) {
    let latest: symbol;
    const watched = $derived([studio.project?.folder, ...revisions.map((kind) => studio.revision(kind))].join());
    $effect(() => {
      const question = (latest = Symbol(watched));
      this.#loading = true;
      ask().then(
        (value) => {
          if (question !== latest) return;
          this.#value = value;
          this.#error = null;
          this.#loading = false;
        },
        (error: unknown) => {
          if (question !== latest) return;
          this.#error = sentenceOf(error);
          this.#loading = false;
        },
      );
    });
  }

  get value(): T | undefined {
    return this.#value;
  }
  get error(): string | null {
    return this.#error;
  }
  get loading(): boolean {
    return this.#loading;
  }
}
