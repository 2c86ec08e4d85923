import { UserError } from '../../contract/errors.ts';
import type { Preprocessing } from '../../contract/networks.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { pixelsInput } from '../../engine/networks/codes-graph.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { type ChannelPicture, strongestChannels } from '../../engine/networks/strongest-channels.ts';
import { buildActivationsModel } from '../../engine/networks/trunk-graph.ts';
import { createSession } from '../../engine/runtime/session.ts';
import type { JobContext } from '../context.ts';
import { renderInWorker } from '../render-pool.ts';
import type { ViewedImage } from '../views.ts';

export interface ItemActivationsParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** The image with one view of it. */
  readonly image: ViewedImage;
  /** Channels that are shown of each freeze point, at most. */
  readonly channels: number;
}

/** What one freeze point makes of an item. */
export interface PointActivations {
  readonly point: string;
  readonly width: number;
  readonly height: number;
  /** How many channels there are. */
  readonly of: number;
  readonly strongest: readonly ChannelPicture[];
}

/**
 * Shows one view to a network and hands back what every freeze point with places makes of it, in one pass. On the CPU: one picture
 * is not worth a device's start.
 *
 * @throws UserError when the view cannot be had
 */
export async function itemActivations(
  { network: file, preprocessing, image, channels }: ItemActivationsParams,
  context: JobContext,
): Promise<PointActivations[]> {
  context.progress('Opening the network', 0);
  const { size } = preprocessing;
  const network = await openNetwork(file, { size, preprocessing });
  const points = network.freezePoints.filter(({ kind }) => kind === 'spatial');
  if (points.length === 0) return [];
  await context.breathe();
  context.progress('Looking', 0);
  const { views, failures } = await renderInWorker(image, size);
  const view = views.at(0);
  if (!view) throw new UserError(failures[0].reason);
  const session = await createSession(writeModel(buildActivationsModel(network, points)));
  try {
    const values = await session.run({
      [pixelsInput]: { type: 'uint8', shape: [1, size, size, 3], data: view.pixels },
    });
    const found: PointActivations[] = [];
    for (const { name, tensor, shape } of points) {
      await context.breathe();
      const [of, height, width] = shape;
      const strongest = strongestChannels(values[tensor].data as Float32Array, shape, channels);
      found.push({ point: name, width, height, of, strongest });
    }
    return found;
  } finally {
    await session.release();
  }
}
