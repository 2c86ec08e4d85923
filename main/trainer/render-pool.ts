import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Rendered } from './render.ts';
import type { ViewedImage } from './views.ts';

export interface RenderRequest {
  readonly id: number;
  readonly image: ViewedImage;
  readonly size: number;
}

export interface RenderAnswer {
  readonly id: number;
  readonly rendered: Rendered;
}

/** More threads than this feed no device faster: decoding itself runs in libvips' threads. */
const mostThreads = 4;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, PromiseWithResolvers<Rendered>>;
}

const threads: Thread[] = [];
let nextId = 0;

/** Renders views of one image in one of a few threads, made when first needed and kept. */
export function renderInWorker(image: ViewedImage, size: number): Promise<Rendered> {
  const thread = leastBusy();
  const id = nextId++;
  const answer = Promise.withResolvers<Rendered>();
  if (thread.waiting.size === 0) thread.worker.ref();
  thread.waiting.set(id, answer);
  const request: RenderRequest = { id, image, size };
  thread.worker.postMessage(request);
  return answer.promise;
}

function leastBusy(): Thread {
  const idlest = threads.reduce<Thread | undefined>(
    (best, one) => (best && best.waiting.size <= one.waiting.size ? best : one),
    undefined,
  );
  const full = threads.length >= Math.min(mostThreads, Math.max(1, availableParallelism() - 1));
  if (idlest && (full || idlest.waiting.size === 0)) return idlest;
  const started = start();
  threads.push(started);
  return started;
}

function start(): Thread {
  const worker = new Worker(new URL('./render-worker.ts', import.meta.url));
  const waiting: Thread['waiting'] = new Map();
  worker.on('message', ({ id, rendered }: RenderAnswer) => {
    waiting.get(id)!.resolve(rendered);
    waiting.delete(id);
    // An idle thread must not keep the process alive.
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', (error) => {
    threads.splice(
      threads.findIndex((one) => one.worker === worker),
      1,
    );
    for (const { reject } of waiting.values()) reject(error);
  });
  return { worker, waiting };
}
