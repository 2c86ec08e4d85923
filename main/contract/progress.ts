/** How far a job is. `total` is absent while it is not known; `rate` is in units a second, over the last few seconds. */
export interface Progress {
  readonly step: string;
  readonly done: number;
  readonly total?: number;
  readonly rate?: number;
  readonly secondsLeft?: number;
}

/** What a long piece of work is given: where to report to, and when to stop. */
export interface Control {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
