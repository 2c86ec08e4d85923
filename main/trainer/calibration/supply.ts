import { join } from 'node:path';
import type { AugmentationSettings } from '../../contract/augmentation.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import { narrowToFloat16 } from '../../engine/graph/float16.ts';
import { withLocalResponseWrittenOut } from '../../engine/graph/local-response.ts';
import { writeModel } from '../../engine/graph/write.ts';
import type { Network } from '../../engine/networks/network.ts';
import { buildTrunkModel } from '../../engine/networks/trunk-graph.ts';
import { createSession, type Device } from '../../engine/runtime/session.ts';
import { createSessionOn } from '../../engine/runtime/choose-device.ts';
import { RowStore } from '../activations/store.ts';
import { batchSizeFor } from '../batch-size.ts';
import { openRenderedItems } from '../batches/rendered-items.ts';
import { drawAugmentation } from '../batches/draw-augmentation.ts';
import type { JobContext } from '../context.ts';
import { renderAhead } from '../render-ahead.ts';
import { trialPixels } from '../trial-pixels.ts';
import type { ViewedImage } from '../views.ts';
import { secondsOf, timed } from './timing.ts';

export interface Supplied {
  readonly context: JobContext;
  readonly network: Network;
  readonly images: readonly ViewedImage[];
  readonly augmentation: AugmentationSettings;
  readonly device: DeviceChoice;
}

/** Seconds that the frozen part takes for one view, up to some of the stops: in batches of the size in which it is run. */
export async function timeTrunk(
  { context, network, device: wanted }: Supplied,
  stops: readonly number[],
): Promise<{ stop: number; seconds: number }[]> {
  const found: { stop: number; seconds: number }[] = [];
  let device: Device | undefined;
  for (const stop of stops.filter((one) => one > 0).toReversed()) {
    const point = network.freezePoints[stop - 1];
    const count = batchSizeFor(point.multiplyAddsBefore);
    const model = writeModel(withLocalResponseWrittenOut(buildTrunkModel(network, point)));
    const pixels = trialPixels(count, network.size);
    const opened = device
      ? { device, session: await createSession(model, { device }) }
      : await createSessionOn(wanted, model, pixels);
    device = opened.device;
    try {
      found.unshift({ stop, seconds: (await timed(context, () => opened.session.run(pixels))) / count });
    } finally {
      await opened.session.release();
    }
  }
  return found;
}

/** Views of each item that are rendered to time it: as many as differ by turning and mirroring. */
const views = 8;

/** Seconds that a view takes: of an image that is read for it, and anew of one that was read before. */
export async function timeRendering({
  context,
  network: { size },
  images,
  augmentation,
}: Supplied): Promise<{ render: number; renderAgain: number }> {
  const ids = images.flatMap((image) => image.views.map(({ id }) => id));
  const varied = images.map((image) => ({
    ...image,
    views: image.views.flatMap((view) =>
      Array.from({ length: views }, (_, number) => {
        const drawn = drawAugmentation(augmentation, 0, view.id, number);
        return drawn ? { ...view, augmentation: drawn } : view;
      }),
    ),
  }));
  const once = await secondsOf(async () => {
    for await (const batch of renderAhead(varied, size, 8, () => undefined))
      if (batch.ids.length) await context.breathe();
  });
  const items = await openRenderedItems({ images, size, augmentation, seed: 0 }, context);
  try {
    const failed = new Set(items.failures.map(({ id }) => id));
    const readable = ids.filter((id) => !failed.has(id));
    const again = await secondsOf(() =>
      Promise.all(readable.flatMap((id) => Array.from({ length: views }, (_, number) => items.render(id, number + 1)))),
    );
    const count = Math.max(1, readable.length * views);
    return { render: once / count, renderAgain: again / count };
  } finally {
    await items.close();
  }
}

/** Numbers in a row, as of a middle layer, and how many rows are written. */
const rowLength = 100_000;
const rows = 16;

/** Seconds that one number of the activations takes to be narrowed and stored, and to be read and widened again. */
export async function timeStore(folder: string): Promise<{ store: number; read: number }> {
  const store = await RowStore.open(join(folder, 'rows'), { measuring: true }, rowLength);
  try {
    const values = Float32Array.from({ length: rowLength }, (_, at) => (at % 251) / 16);
    const writing = await secondsOf(() => {
      for (let row = 0; row < rows; row++) store.write(String(row).padStart(40, '0'), narrowToFloat16(values));
      return Promise.resolve();
    });
    const halves = new Float16Array(rows * rowLength);
    const floats = new Float32Array(rows * rowLength);
    const reading = await secondsOf(async () => {
      await store.read(
        Int32Array.from({ length: rows }, (_, row) => row),
        new Uint8Array(halves.buffer),
      );
      floats.set(halves);
    });
    return { store: writing / (rows * rowLength), read: reading / (rows * rowLength) };
  } finally {
    await store.close();
  }
}
