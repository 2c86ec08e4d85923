import type { Job } from '../../main/contract/api/studio.ts';

/** How a job ended: its last status, and why it failed. */
export type JobEnd = Pick<Job, 'status' | 'error'>;

export function isOver(job: Job): boolean {
  return job.status === 'done' || job.status === 'failed' || job.status === 'cancelled';
}

/** Sees, in one report of the jobs after another, which of them have ended since, and tells those who wait for it. */
export class JobEnds {
  private readonly waiting = new Map<number, ((end: JobEnd) => void)[]>();
  private known: Set<number> | undefined;

  /** Jobs that ended since the last report. The first report tells of none: what was over before is old news. */
  take(jobs: readonly Job[]): Job[] {
    const over = jobs.filter(isOver);
    const fresh = over.filter((job) => this.known?.has(job.id) === false);
    this.known = new Set(over.map((job) => job.id));
    for (const job of over) {
      for (const resolve of this.waiting.get(job.id) ?? []) resolve(job);
      this.waiting.delete(job.id);
    }
    return fresh;
  }

  /**
   * The core that did these jobs is no more, and its successor counts from the start: the next report is a first one.
   *
   * @returns those that were not over, failed
   */
  abandon(jobs: readonly Job[]): Job[] {
    const end = { status: 'failed', error: 'The studio stopped before it was done. Start it again.' } as const;
    for (const resolve of [...this.waiting.values()].flat()) resolve(end);
    this.waiting.clear();
    this.known = undefined;
    return jobs.filter((job) => !isOver(job)).map((job) => ({ ...job, ...end }));
  }

  /** How the job will have ended. */
  of(id: number): Promise<JobEnd> {
    return new Promise((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]);
    });
  }
}
