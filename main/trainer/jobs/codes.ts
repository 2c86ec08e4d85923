import type { DeviceChoice } from '../../contract/devices.ts';
import type { Pooling, Preprocessing } from '../../contract/networks.ts';
import { buildCodesModel } from '../../engine/networks/codes-graph.ts';
import { findFreezePoint } from '../../engine/networks/freeze-points.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { withLocalResponseWrittenOut } from '../../engine/graph/local-response.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { createSessionOn } from '../../engine/runtime/choose-device.ts';
import type { JobContext } from '../context.ts';
import { batchSizeFor } from '../batch-size.ts';
import { runViews, type ViewOutput } from '../run-views.ts';
import { trialPixels } from '../trial-pixels.ts';
import type { ViewedImage } from '../views.ts';

export interface CodesParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** Names of freeze points; the answers come in this order. */
  readonly points: readonly string[];
  readonly pooling: Pooling;
  readonly device: DeviceChoice;
  readonly images: readonly ViewedImage[];
  readonly total: number;
}

export interface CodesResult {
  /** Where it ran, and why there. */
  readonly device: string;
}

/** The step in which views are decoded and shown to the network, once it is loaded. */
export const computingCodes = 'Computing codes';

/** CNN codes of every view, at several freeze points in one pass. */
export async function computeCodes(params: CodesParams, context: JobContext<ViewOutput>): Promise<CodesResult> {
  const { size } = params.preprocessing;
  context.progress('Opening the network', 0);
  const network = await openNetwork(params.network, { size, preprocessing: params.preprocessing });
  const points = params.points.map((name) => findFreezePoint(network.freezePoints, name));
  const requests = points.map((point) => ({ point, pooling: params.pooling }));
  const model = withLocalResponseWrittenOut(buildCodesModel(network, requests));
  await context.breathe();
  const batchSize = batchSizeFor(Math.max(...points.map((point) => point.multiplyAddsBefore)));
  const { session, reason } = await createSessionOn(params.device, writeModel(model), trialPixels(batchSize, size));
  try {
    const { images, total } = params;
    await runViews({ session, size, batchSize, images, total, step: computingCodes }, context);
  } finally {
    await session.release();
  }
  return { device: reason };
}
