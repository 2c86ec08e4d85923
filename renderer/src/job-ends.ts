import type { Job } from '../../main/contract/api/studio.ts';

export function isOver(job: Job): boolean {
  return job.status === 'done' || job.status === 'failed' || job.status === 'cancelled';
}

/** Sees, in one report of the jobs after another, which of them have ended since, and tells those who wait for it. */
export class JobEnds {
  private readonly waiting = new Map<number, ((job: Job) => void)[]>();
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

  /** The job as it will have ended. */
  of(id: number): Promise<Job> {
    return new Promise((resolve) => {
      this.waiting.set(id, [...(this.waiting.get(id) ?? []), resolve]);
    });
  }
}
