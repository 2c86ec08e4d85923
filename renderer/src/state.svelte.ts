import { api, connect, ConnectionError, sentenceOf } from './client.ts';
import type { Connection } from './client.ts';
import { isOver, type JobEnd, JobEnds } from './job-ends.ts';
import { toasts } from './toasts.svelte.ts';
import type { Job, ProjectSummary, StudioState } from '../../main/contract/api/studio.ts';

export type Revision = keyof StudioState['revisions'];

/** What the core says of itself, kept up to date; the same for every screen. */
class Studio {
  #state = $state.raw<StudioState | null>(null);
  #connection = $state<Connection>('connecting');
  readonly #ends = new JobEnds();
  /** How often there was a connection: with each, what a screen shows is asked for anew. */
  #connections = 0;
  /** Open from a connection that broke until the core of the next says what it has open. */
  #gap: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
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
    return this.#state === null ? 0 : this.#state.revisions[kind] + this.#connections * 1e9;
  }
  job(id: number): Job | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /**
   * How a job ended: done, failed or cancelled.
   *
   * @param tells the caller says how it ended: no message is shown besides
   */
  finished(id: number, { tells = false } = {}): Promise<JobEnd> {
    if (tells) this.#toldThere.add(id);
    const job = this.job(id);
    if (job !== undefined && isOver(job)) return Promise.resolve(job);
    return this.#ends.of(id);
  }

  /** Waits until there is a connection and it is known what the core has open. */
  async live(): Promise<void> {
    while (this.#gap !== undefined) await this.#gap.promise;
  }

  start(): void {
    connect((connection) => {
      this.#connection = connection;
      if (connection === 'lost') this.#gap ??= Promise.withResolvers();
    });
    void this.#watch();
  }

  /** Takes the stream up again whenever it ends, which it does when the connection breaks. */
  async #watch(): Promise<never> {
    for (;;) {
      try {
        // A core that opens what was open says so by another state.
        for await (const state of await api.studio.watch()) if (!(await this.#reopened(state))) this.#take(state);
      } catch (error) {
        console.warn('The stream of the studio’s state ended.', error);
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Has a core that was started anew, and has nothing open, open what was open. @returns whether it has it open now */
  async #reopened({ core, project }: StudioState): Promise<boolean> {
    if (this.#state === null || this.#state.core === core || project !== null || this.project === null) return false;
    try {
      await api.projects.open({ folder: this.project.folder });
      return true;
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      toasts.failed(sentenceOf(error));
      return false;
    }
  }

  #take(state: StudioState): void {
    if (this.#state !== null && this.#state.core !== state.core) {
      this.#tell(this.#ends.abandon(this.jobs));
      this.#toldThere.clear();
    }
    this.#state = state;
    // Not by what a stream still held that has ended.
    if (this.#gap !== undefined && this.#connection === 'connected') {
      this.#connections++;
      this.#gap.resolve();
      this.#gap = undefined;
    }
    this.#tell(this.#ends.take(state.jobs));
  }

  #tell(ended: readonly Job[]): void {
    for (const job of ended) {
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
