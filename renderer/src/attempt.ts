import { sentenceOf } from './client.ts';
import { toasts } from './toasts.svelte.ts';

/** Does what the person asked for; undefined, and a message that says why, where the core refuses. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    toasts.failed(sentenceOf(error));
    return undefined;
  }
}
