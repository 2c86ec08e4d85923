import type { DeviceChoice } from '../../contract/devices.ts';
import { createSessionOn } from '../../engine/runtime/choose-device.ts';
import type { JobContext } from '../context.ts';
import { runViews, type ViewOutput } from '../run-views.ts';
import { trialPixels } from '../trial-pixels.ts';
import type { ViewedImage } from '../views.ts';

export interface PredictParams {
  /** A finished classifier: `pixels` uint8 [N, size, size, 3] to probabilities [N, C]. */
  readonly model: string;
  readonly size: number;
  readonly batchSize: number;
  readonly device: DeviceChoice;
  readonly images: readonly ViewedImage[];
  readonly total: number;
}

export interface PredictResult {
  readonly device: string;
}

/** Shows views to a finished classifier. */
export async function predict(params: PredictParams, context: JobContext<ViewOutput>): Promise<PredictResult> {
  const { size, batchSize, images, total } = params;
  const { session, reason } = await createSessionOn(params.device, params.model, trialPixels(batchSize, size));
  try {
    await runViews({ session, size, batchSize, images, total, step: 'Predicting' }, context);
  } finally {
    await session.release();
  }
  return { device: reason };
}
