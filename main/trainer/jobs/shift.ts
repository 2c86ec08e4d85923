import type { DeviceChoice } from '../../contract/devices.ts';
import type { Preprocessing } from '../../contract/networks.ts';
import type { LayerShift } from '../../contract/probes.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { buildNormStatisticsModel, findNormLayers, normShift } from '../../engine/networks/norm-shift.ts';
import { createSessionOn } from '../../engine/runtime/choose-device.ts';
import { batchSizeFor } from '../batch-size.ts';
import type { JobContext } from '../context.ts';
import { runViews } from '../run-views.ts';
import { trialPixels } from '../trial-pixels.ts';
import type { ViewedImage, ViewFailure } from '../views.ts';

export interface ShiftParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  readonly device: DeviceChoice;
  readonly images: readonly ViewedImage[];
  readonly total: number;
}

export interface ShiftResult {
  /** Items that the statistics were taken from. */
  readonly items: number;
  /** By depth; none where the network has no statistics to compare with, or no item could be read. */
  readonly layers: readonly LayerShift[];
  readonly failures: readonly ViewFailure[];
}

/** How far items lie, layer by layer, from what the network was pretrained on: one pass, no labels. */
export async function measureShift(params: ShiftParams, context: JobContext): Promise<ShiftResult> {
  const { images, total, preprocessing, device } = params;
  const { size } = preprocessing;
  context.progress('Opening the network', 0);
  const network = await openNetwork(params.network, { size, preprocessing });
  const layers = findNormLayers(network);
  if (layers.length === 0) return { items: 0, layers: [], failures: [] };
  const model = writeModel(buildNormStatisticsModel(network, layers));
  await context.breathe();
  const batchSize = batchSizeFor(network.multiplyAdds);
  const { session } = await createSessionOn(device, model, trialPixels(batchSize, size));
  const sums = layers.flatMap(({ mean }) => [new Float64Array(mean.length), new Float64Array(mean.length)]);
  const failures: ViewFailure[] = [];
  let items = 0;
  try {
    await runViews(
      { session, size, batchSize, images, total, step: 'Measuring the domain shift' },
      {
        ...context,
        output: (output) => {
          if (output.kind === 'failure') {
            failures.push(output.failure);
            return;
          }
          items += output.ids.length;
          for (const [index, sum] of sums.entries())
            for (const [at, value] of output.answers[index].entries()) sum[at % sum.length] += value;
        },
      },
    );
  } finally {
    await session.release();
  }
  if (items === 0) return { items, layers: [], failures };
  const means = sums.map((sum) => sum.map((value) => value / items));
  return {
    items,
    layers: layers.map((layer, index) => ({
      name: layer.name,
      point: layer.point,
      channels: layer.mean.length,
      shift: normShift(layer, means[2 * index], means[2 * index + 1]),
    })),
    failures,
  };
}
