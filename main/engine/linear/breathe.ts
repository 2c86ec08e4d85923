/**
 * What a long computation awaits between its steps, so that the process it runs in can answer messages meanwhile. It
 * yields to the event loop, reports `progress` where there is some, and throws when the job was cancelled.
 */
export type Breathe = (progress?: { readonly done: number; readonly total: number }) => Promise<void>;

/** For callers that have nothing to report to and nothing that could cancel them. */
export const neverCancelled: Breathe = () => Promise.resolve();

/** Longest stretch of work between two breaths, in milliseconds. */
const STRETCH = 40;

/** May be awaited as often as is convenient: breathes when it is time. */
export type Pause = () => Promise<void>;

/** Spares the event loop: breathes only when the last breath was a while ago. */
export function paced(breathe: Breathe): Pause {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < STRETCH) return;
    await breathe();
    last = performance.now();
  };
}

/** Calls `work` with 0 … count − 1, with pauses between. A call should take microseconds. */
export async function forEachPaused(count: number, pause: Pause, work: (index: number) => void): Promise<void> {
  for (let index = 0; index < count; index++) {
    work(index);
    if (index % 64 === 63) await pause();
  }
}
