import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AugmentationSettings } from '../../contract/augmentation.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import { narrowToFloat16 } from '../../engine/graph/float16.ts';
import { withLocalResponseWrittenOut } from '../../engine/graph/local-response.ts';
import { elementCount } from '../../engine/graph/tensors.ts';
import { writeModel } from '../../engine/graph/write.ts';
import type { FreezePoint } from '../../engine/networks/freeze-points.ts';
import type { Network } from '../../engine/networks/network.ts';
import { buildTrunkModel } from '../../engine/networks/trunk-graph.ts';
import { createSessionOn } from '../../engine/runtime/choose-device.ts';
import { batchSizeFor } from '../batch-size.ts';
import { distinctViews, drawAugmentation } from '../batches/draw-augmentation.ts';
import type { JobContext } from '../context.ts';
import { renderAhead, renderOrderFor } from '../render-ahead.ts';
import { trialPixels } from '../trial-pixels.ts';
import { pickViews, type View, type ViewedImage, type ViewFailure } from '../views.ts';
import {
  type ActivationsDemand,
  checkFree,
  dropOldest,
  fitsFree,
  fittingViews,
  freeBytes,
  gigabytes,
  mostBytes,
} from './limit.ts';
import { rowKey, RowStore } from './store.ts';

export interface ActivationsRequest {
  /** The project's cache; activations lie in `activations` below it. */
  readonly cacheFolder: string;
  readonly network: Network;
  /** Of the network's file: names what was computed with it. */
  readonly networkHash: string;
  /** Everything before it is frozen. */
  readonly point: FreezePoint;
  readonly device: DeviceChoice;
  /** All items that are wanted, as they are. */
  readonly images: readonly ViewedImage[];
  /** Names the pixels of each item. */
  readonly viewKeys: ReadonlyMap<number, string>;
  /** Items that are wanted in several views: those that are trained on. */
  readonly varied: ReadonlySet<number>;
  readonly augmentation: AugmentationSettings;
  /** How many views each of the varied items has, the item as it is among them. */
  readonly views: number;
  /** Of the views. One for all runs of a project lets them share what was computed. */
  readonly seed: number;
  /** Bytes that all activations of the project may take: see `mostBytes`. */
  readonly limit?: number;
}

/** Activations of items at a freeze point, on disk. */
export interface Activations {
  /** Of one item. */
  readonly shape: readonly number[];
  /** Views of each varied item: as many as were asked for, or as many as differ and fit. */
  readonly views: number;
  /** Items that could not be read, each once. Their activations cannot be asked for. */
  readonly failures: readonly ViewFailure[];
  /** Where they were computed, and why there; undefined where all were there already. */
  readonly device: string | undefined;
  /** What the person should know. */
  readonly notes: readonly string[];
  /** Where an item's view is stored: for `read`. */
  rowOf(id: number, view: number): number;
  /** Reads rows one after the other, as half-precision numbers. */
  read(rows: Int32Array, into: Float16Array): Promise<void>;
  close(): Promise<void>;
}

/** One view of one item. */
interface Wanted {
  readonly key: string;
  readonly id: number;
}

/**
 * The activations of items at a freeze point: computed where they are not stored already, by the frozen part of the network alone.
 * Those of a cancelled job, and those of other settings as far as they are the same views, are found again.
 *
 * @throws UserError that says what would fit, when they take more than the limit
 */
export async function openActivations(request: ActivationsRequest, context: JobContext): Promise<Activations> {
  const { network, point, varied, images } = request;
  const folder = join(request.cacheFolder, 'activations');
  await mkdir(folder, { recursive: true });
  const { limit = mostBytes } = request;
  const ids = images.flatMap(({ views }) => views.map(({ id }) => id));
  const variedCount = ids.filter((id) => varied.has(id)).length;
  const wantedViews = distinctViews(request.augmentation, request.views);
  const demand: ActivationsDemand = {
    point,
    size: network.size,
    points: network.freezePoints,
    varied: variedCount,
    plain: ids.length - variedCount,
    views: wantedViews,
  };
  const views = fittingViews(demand, limit);
  const notes =
    views < wantedViews
      ? [`Each item is kept in ${views} views in place of ${wantedViews}: there is room for ${gigabytes(limit)}.`]
      : [];

  const about = { version: 1, network: request.networkHash, point: point.tensor, preprocessing: network.preprocessing };
  const own = join(folder, rowKey(about));
  const store = await RowStore.open(own, about, elementCount(point.shape));
  try {
    const { wanted, portions } = await listWanted(request, views, context);
    await checkStored(store, wanted, context);
    const missing = new Set<number>();
    for (const [at, { key }] of wanted.entries()) if (store.find(key) === undefined) missing.add(at);
    await makeRoom(store, { folder, own, limit, demand: { ...demand, views } }, wanted, missing.size);
    const { device, failures } = missing.size
      ? await compute(
          request,
          store,
          wanted,
          pickViews(portions, (at) => missing.has(at)),
          context,
        )
      : { device: undefined, failures: [] };

    const rows = new Map<number, number[]>();
    for (const { id, key } of wanted) rows.set(id, [...(rows.get(id) ?? []), store.find(key)!]);
    for (const { id } of failures) rows.delete(id);
    return {
      shape: point.shape,
      views,
      failures,
      device,
      notes,
      rowOf: (id, view) => rows.get(id)![view],
      read: (list, into) => store.read(list, new Uint8Array(into.buffer, into.byteOffset, into.byteLength)),
      close: () => store.close(),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Drops what is not wanted now, as far as the limit or the disk needs it. @param more rows that are to be written */
async function makeRoom(
  store: RowStore,
  place: { folder: string; own: string; limit: number; demand: ActivationsDemand },
  wanted: readonly Wanted[],
  more: number,
): Promise<void> {
  const { folder, own, limit, demand } = place;
  const growth = (): number => store.bytesWith(more) - store.bytesWith(0);
  const others = await dropOldest(folder, own, limit - store.bytesWith(more));
  const isTight = !fitsFree(growth(), await freeBytes(folder));
  if (isTight) await dropOldest(folder, own, 0);
  if (isTight || others + store.bytesWith(more) > limit) store.keepOnly(new Set(wanted.map(({ key }) => key)));
  checkFree(demand, growth(), await freeBytes(folder));
}

/** All views that are wanted, and how to render them: there the number of a view is its place in the list. */
async function listWanted(
  { images, viewKeys, varied, augmentation, seed }: ActivationsRequest,
  views: number,
  context: JobContext,
): Promise<{ wanted: Wanted[]; portions: ViewedImage[] }> {
  const wanted: Wanted[] = [];
  const portions: ViewedImage[] = [];
  for (const image of images) {
    const own: View[] = [];
    for (const view of image.views) {
      for (let number = 0; number < (varied.has(view.id) ? views : 1); number++) {
        const drawn = drawAugmentation(augmentation, seed, view.id, number);
        own.push({ ...view, id: wanted.length, ...(drawn ? { augmentation: drawn } : {}) });
        wanted.push({ id: view.id, key: rowKey(viewKeys.get(view.id)!, drawn ?? null) });
        if (wanted.length % 1000 === 0) await context.breathe();
      }
    }
    portions.push({ ...image, views: own });
  }
  return { wanted, portions };
}

const checkedAtOnce = 64;

async function checkStored(store: RowStore, wanted: readonly Wanted[], context: JobContext): Promise<void> {
  const stored = wanted.filter(({ key }) => store.find(key) !== undefined);
  for (let start = 0; start < stored.length; start += checkedAtOnce) {
    context.progress('Checking stored activations', start, stored.length);
    await Promise.all(stored.slice(start, start + checkedAtOnce).map(({ key }) => store.check(key)));
    await context.breathe();
  }
}

async function compute(
  request: ActivationsRequest,
  store: RowStore,
  wanted: readonly Wanted[],
  images: readonly ViewedImage[],
  context: JobContext,
): Promise<{ device: string; failures: ViewFailure[] }> {
  const { network, point } = request;
  const { size } = network;
  const batchSize = batchSizeFor(point.multiplyAddsBefore);
  const model = writeModel(withLocalResponseWrittenOut(buildTrunkModel(network, point)));
  const { session, reason } = await createSessionOn(request.device, model, trialPixels(batchSize, size));
  const total = images.reduce((sum, { views }) => sum + views.length, 0);
  const step = 'Computing activations';
  const failed = new Map<number, ViewFailure>();
  let done = 0;
  const onFailure = ({ id: at, reason }: ViewFailure): void => {
    done++;
    const { id } = wanted[at];
    failed.set(id, { id, reason });
  };
  context.progress(step, 0, total);
  try {
    const order = renderOrderFor(session.device);
    for await (const { ids, pixels } of renderAhead(images, size, batchSize, onFailure, order)) {
      const feeds = {
        [session.inputNames[0]]: { type: 'uint8', shape: [ids.length, size, size, 3], data: pixels },
      } as const;
      const values = await session.run(feeds);
      const halves = narrowToFloat16(values[session.outputNames[0]].data as Float32Array);
      const length = halves.length / ids.length;
      for (const [row, at] of ids.entries())
        store.write(wanted[at].key, halves.subarray(row * length, (row + 1) * length));
      done += ids.length;
      context.progress(step, done, total);
      await context.breathe();
    }
  } finally {
    await session.release();
  }
  return { device: reason, failures: [...failed.values()] };
}
