import { availableParallelism, totalmem } from 'node:os';
import type { AugmentationSettings } from '../../contract/augmentation.ts';
import { CancelledError, UserError } from '../../contract/errors.ts';
import type { JobContext } from '../context.ts';
import { splitImages } from '../render-ahead.ts';
import type { Rendered } from '../render.ts';
import { type RenderThread, startRenderThread } from '../render-pool.ts';
import type { View, ViewedImage, ViewFailure } from '../views.ts';
import { prepareAhead } from './ahead.ts';
import { drawAugmentation } from './draw-augmentation.ts';

/** Kept patches take no more memory than this, and no more than this share of the machine's. */
const mostBytes = 4 * 2 ** 30;
const shareOfMemory = 1 / 8;
const mostThreads = 16;

export interface RenderedItemsRequest {
  /** All items that are trained on, as they are. */
  readonly images: readonly ViewedImage[];
  /** Side of the views, in pixels. */
  readonly size: number;
  readonly augmentation: AugmentationSettings;
  /** Of the views. */
  readonly seed: number;
  /** Memory for the surroundings of items, so that images are not decoded again and again; an eighth of the machine's, at most 4 GB, when absent. */
  readonly keptBytes?: number;
}

/** Items whose views are rendered when they are asked for, by threads of their own. */
export interface RenderedItems {
  readonly size: number;
  /** Items that could not be read. They cannot be asked for. */
  readonly failures: readonly ViewFailure[];
  /**
   * A view of an item (0: as it is), uint8 [size, size, 3].
   *
   * @throws UserError when its image cannot be read any more
   */
  render(id: number, view: number): Promise<Uint8Array>;
  /** Ends the threads, once they are done with what is under way, and gives their memory back. */
  close(): Promise<void>;
}

interface Place {
  readonly image: ViewedImage;
  readonly view: View;
  /** The one that has its patch. */
  readonly thread: RenderThread;
}

/** Reads every image once, so that what cannot be read is known before training starts, and keeps what there is room for. */
export async function openRenderedItems(
  { images, size, augmentation, seed, keptBytes }: RenderedItemsRequest,
  context: JobContext,
): Promise<RenderedItems> {
  const count = Math.max(1, Math.min(mostThreads, availableParallelism() - 1));
  const room = Math.floor((keptBytes ?? Math.min(mostBytes, totalmem() * shareOfMemory)) / count);
  let over: Error | undefined;
  const threads = Array.from({ length: count }, () =>
    startRenderThread(() => (over ??= new Error('A thread that renders views has ended.'))),
  );
  const underWay = new Set<Promise<Rendered>>();
  const ask = async (thread: RenderThread, image: ViewedImage): Promise<Rendered> => {
    if (over) throw over;
    const answer = thread.ask({ image, size, keptBytes: room });
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  };
  const close = async (): Promise<void> => {
    over ??= new CancelledError('Rendering');
    // A thread is not ended in the middle of libvips' work.
    await Promise.allSettled(underWay);
    for (const thread of threads) thread.end(over);
  };
  const seen = (view: View, number: number): View => {
    const drawn = drawAugmentation(augmentation, seed, view.id, number);
    return drawn ? { ...view, augmentation: drawn } : view;
  };

  const portions = splitImages(images);
  const threadOf = (portion: number): RenderThread => threads[portion % count];
  const places = new Map<number, Place>();
  for (const [at, image] of portions.entries())
    for (const view of image.views) places.set(view.id, { image, view, thread: threadOf(at) });

  const failures: ViewFailure[] = [];
  try {
    // View 1 stands for all: what it is cut from serves every other as well.
    const opened = prepareAhead(0, portions.length, 2 * count, (at) => {
      const image = { ...portions[at], views: portions[at].views.map((view) => seen(view, 1)) };
      return ask(threadOf(at), image);
    });
    let done = 0;
    context.progress('Reading images', done, places.size);
    for await (const { views, failures: failed } of opened) {
      failures.push(...failed);
      done += views.length + failed.length;
      context.progress('Reading images', done, places.size);
      await context.breathe();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    size,
    failures,
    async render(id, number) {
      const { image, view, thread } = places.get(id)!;
      const one = { ...image, views: [seen(view, number)] };
      const { views, failures: failed } = await ask(thread, one);
      if (failed.length) throw new UserError(failed[0].reason);
      return views[0].pixels;
    },
    close,
  };
}
