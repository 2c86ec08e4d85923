import type { Job } from '../contract/api/studio.ts';
import { CancelledError } from '../contract/errors.ts';
import type { Control } from '../contract/progress.ts';
import { sentenceOf } from './failures.ts';

export interface JobDescription {
  readonly kind: Job['kind'];
  /** For people: `Training softmax on Starter`. */
  readonly title: string;
  /** It heeds its control's `finish`. */
  readonly canFinish?: boolean;
  /**
   * It is not about the open project and uses no device: it runs at once, beside the others, and goes on when the project is
   * closed.
   */
  readonly beside?: boolean;
  /**
   * A screen shows what came of it: when it has ended it stays listed until it is forgotten, another of its kind ends, or the
   * project is closed.
   */
  readonly lasting?: boolean;
}

export interface SessionControl extends Required<Control> {
  /** Aborted when the job is to end well with what it has. */
  readonly finish: AbortSignal;
  /** Says that from now on a cancellation loses nothing: what was done can be gone on with. */
  readonly canPause: () => void;
}

type Work = (control: SessionControl, id: number) => Promise<void>;

/** Long pieces of work, one after the other; some beside them. */
export interface Jobs {
  /**
   * Puts a job into the queue.
   *
   * @param work is given the job's number too, to keep a result by
   * @returns its number
   */
  start(description: JobDescription, work: Work): number;
  /** Of a job that has ended already, nothing. */
  cancel(id: number): void;
  /** Tells a job to end well with what it has. Of one that has ended already, or that knows no such end, nothing. */
  finish(id: number): void;
  /** Takes a job that has ended off the list. */
  forget(id: number): void;
  /** Cancels every job of the open project, and waits until none does anything any more. */
  stopProject(): Promise<void>;
  /** Cancels every job, and waits until none does anything any more. */
  stopAll(): Promise<void>;
  /** Jobs that wait or run, the last few that ended, and those whose end lasts, oldest first. */
  list(): Job[];
}

/** Ended jobs that are still listed. */
const endedListed = 5;

interface Entry {
  job: Job;
  readonly beside: boolean;
  lasting: boolean;
  readonly cancel: AbortController;
  readonly finish: AbortController;
  over: Promise<void>;
}

/** @param changed told whenever the list is another */
export function createJobs(changed: () => void): Jobs {
  let entries: Entry[] = [];
  let nextId = 1;
  let queue: Promise<unknown> = Promise.resolve();

  const isOver = ({ job }: Entry): boolean => job.status !== 'waiting' && job.status !== 'running';

  const update = (entry: Entry, changes: Partial<Job>): void => {
    entry.job = { ...entry.job, ...changes };
    changed();
  };

  const forgetOldest = (): void => {
    const ended = entries.filter(isOver);
    const lasting = new Map(ended.filter((entry) => entry.lasting).map((entry) => [entry.job.kind, entry]));
    const kept = new Set([...ended.slice(-endedListed), ...lasting.values()]);
    entries = entries.filter((entry) => !isOver(entry) || kept.has(entry));
  };

  async function run(entry: Entry, work: Work, turn: Promise<unknown>): Promise<void> {
    await turn;
    const { signal } = entry.cancel;
    try {
      if (signal.aborted) throw new CancelledError();
      update(entry, { status: 'running' });
      const onProgress: SessionControl['onProgress'] = (progress) => update(entry, { progress });
      const canPause = (): void => {
        if (!entry.job.canPause) update(entry, { canPause: true });
      };
      await work({ signal, onProgress, finish: entry.finish.signal, canPause }, entry.job.id);
      update(entry, { status: 'done' });
    } catch (error) {
      // Whatever a cancelled job ends with, it was cancelled.
      if (signal.aborted || error instanceof CancelledError) update(entry, { status: 'cancelled' });
      else update(entry, { status: 'failed', error: sentenceOf(error, `job ${entry.job.kind}`) });
    } finally {
      forgetOldest();
    }
  }

  async function stop(those: readonly Entry[]): Promise<void> {
    const open = those.filter((entry) => !isOver(entry));
    for (const { cancel } of open) cancel.abort();
    await Promise.all(open.map(({ over }) => over));
  }

  return {
    start({ kind, title, canFinish = false, beside = false, lasting = false }, work) {
      const entry: Entry = {
        beside,
        lasting,
        job: { id: nextId++, kind, title, status: 'waiting', progress: null, canFinish, canPause: false, error: null },
        cancel: new AbortController(),
        finish: new AbortController(),
        over: Promise.resolve(),
      };
      entries.push(entry);
      entry.over = run(entry, work, beside ? Promise.resolve() : queue);
      if (!beside) queue = entry.over;
      changed();
      return entry.job.id;
    },
    cancel(id) {
      const entry = entries.find(({ job }) => job.id === id);
      if (!entry || isOver(entry)) return;
      entry.cancel.abort();
      // One that waits is told off at once; its turn comes and goes without it.
      if (entry.job.status === 'waiting') update(entry, { status: 'cancelled' });
    },
    finish(id) {
      const entry = entries.find(({ job }) => job.id === id);
      if (!entry?.job.canFinish || isOver(entry)) return;
      entry.finish.abort();
      // It is told once.
      update(entry, { canFinish: false });
    },
    forget(id) {
      entries = entries.filter((entry) => entry.job.id !== id || !isOver(entry));
      changed();
    },
    stopProject() {
      for (const entry of entries) entry.lasting = false;
      return stop(entries.filter(({ beside }) => !beside));
    },
    stopAll: () => stop(entries),
    list: () => entries.map(({ job }) => job),
  };
}
