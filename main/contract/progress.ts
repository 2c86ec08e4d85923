/**
 * How far a job is. `total` is absent while it is not known; `rate` is in units a second, over the last few seconds. What is
 * counted are items, or bytes where `unit` says so.
 */
export interface Progress {
  readonly step: string;
  readonly done: number;
  readonly total?: number;
  readonly rate?: number;
  readonly secondsLeft?: number;
  readonly unit?: 'bytes';
}

/** What a long piece of work is given: where to report to, and when to stop. */
export interface Control {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
