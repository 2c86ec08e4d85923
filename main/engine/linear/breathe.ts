/**
 * What a long computation awaits between its steps, so that the process it runs in can answer messages meanwhile. It
 * yields to the event loop, reports `progress` where there is some, and throws when the job was cancelled.
 */
export type Breathe = (progress?: { readonly done: number; readonly total: number }) => Promise<void>;

/** For callers that have nothing to report to and nothing that could cancel them. */
export const neverCancelled: Breathe = () => Promise.resolve();

/** Longest stretch of work between two breaths, in milliseconds. */
const STRETCH = 40;

/** Spares the event loop: breathes only when the last breath was a while ago. Call it as often as is convenient. */
export function paced(breathe: Breathe): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < STRETCH) return;
    await breathe();
    last = performance.now();
  };
}
