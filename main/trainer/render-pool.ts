import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../threads/thread.ts';
import type { Rendered } from './render.ts';
import type { ViewedImage } from './views.ts';

export interface RenderRequest {
  readonly image: ViewedImage;
  readonly size: number;
}

/** More threads than this feed no device faster: decoding itself runs in libvips' threads. */
const mostThreads = 4;

const threads = new Set<Thread<RenderRequest, Rendered>>();

/** Renders views of one image in one of a few threads, made when first needed and kept. */
export function renderInWorker(image: ViewedImage, size: number): Promise<Rendered> {
  return leastBusy().ask({ image, size });
}

function leastBusy(): Thread<RenderRequest, Rendered> {
  const idlest = [...threads].sort((one, other) => one.waiting - other.waiting).at(0);
  const full = threads.size >= Math.min(mostThreads, Math.max(1, availableParallelism() - 1));
  if (idlest && (full || idlest.waiting === 0)) return idlest;
  const started: Thread<RenderRequest, Rendered> = startThread(new URL('./render-worker.ts', import.meta.url), () =>
    threads.delete(started),
  );
  threads.add(started);
  return started;
}
