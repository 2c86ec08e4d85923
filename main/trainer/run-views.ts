import type { Tensor } from '../engine/graph/types.ts';
import type { Session } from '../engine/runtime/session.ts';
import type { JobContext } from './context.ts';
import { renderAhead, renderOrderFor } from './render-ahead.ts';
import type { ViewedImage, ViewFailure } from './views.ts';

/** What a pass over views hands on, as it goes: answers for some items, or an item that could not be read. */
export type ViewOutput =
  | { readonly kind: 'answers'; readonly ids: readonly number[]; readonly answers: readonly Float32Array[] }
  | { readonly kind: 'failure'; readonly failure: ViewFailure };

export interface ViewRun {
  /** Takes `pixels`, uint8 [N, size, size, 3]; each output is float32 [N, D]. */
  readonly session: Session;
  readonly size: number;
  readonly batchSize: number;
  readonly images: readonly ViewedImage[];
  readonly total: number;
  readonly step: string;
}

/** Shows every view to a network and hands its answers on, batch by batch. */
export async function runViews(run: ViewRun, context: JobContext<ViewOutput>): Promise<void> {
  let done = 0;
  context.progress(run.step, 0, run.total);
  const onFailure = (failure: ViewFailure): void => {
    done++;
    context.output({ kind: 'failure', failure });
  };
  const { session, images, size, batchSize } = run;
  for await (const { ids, pixels } of renderAhead(images, size, batchSize, onFailure, renderOrderFor(session.device))) {
    const batch: Tensor<'uint8'> = { type: 'uint8', shape: [ids.length, size, size, 3], data: pixels };
    const values = await session.run({ [session.inputNames[0]]: batch });
    const answers = session.outputNames.map((name) => values[name].data as Float32Array);
    context.output({ kind: 'answers', ids, answers });
    done += ids.length;
    context.progress(run.step, done, run.total);
    await context.breathe();
  }
}
