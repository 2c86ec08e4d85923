import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../threads/thread.ts';
import type { Rendered } from './render.ts';
import type { ViewedImage } from './views.ts';

export interface RenderRequest {
  readonly image: ViewedImage;
  readonly size: number;
  /** Bytes of patches that the thread keeps for later requests of this kind; none when absent. */
  readonly keptBytes?: number;
}

export type RenderThread = Thread<RenderRequest, Rendered>;

export const startRenderThread = (onDeath: () => void): RenderThread =>
  startThread(new URL('./render-worker.ts', import.meta.url), onDeath);

/** More threads than this feed no device faster: decoding itself runs in libvips' threads. */
const mostThreads = 4;

const threads = new Set<RenderThread>();

/** Renders views of one image in one of a few threads, made when first needed and kept. */
export function renderInWorker(image: ViewedImage, size: number): Promise<Rendered> {
  return leastBusy().ask({ image, size });
}

function leastBusy(): RenderThread {
  const idlest = [...threads].sort((one, other) => one.waiting - other.waiting).at(0);
  const full = threads.size >= Math.min(mostThreads, Math.max(1, availableParallelism() - 1));
  if (idlest && (full || idlest.waiting === 0)) return idlest;
  const started = startRenderThread(() => threads.delete(started));
  threads.add(started);
  return started;
}
