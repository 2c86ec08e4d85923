import type { Evaluation } from '../../contract/evaluation.ts';
import type { JobContext } from '../context.ts';
import { type LabelledData, measureRows } from '../labelled-data.ts';

export interface MeasureParams {
  readonly data: LabelledData;
  /** [N, C], of all rows. */
  readonly probabilities: Float32Array;
  /** Those that are measured. */
  readonly rows: readonly number[];
  readonly seed: number;
}

/** Measures answers that were put together from several jobs. */
export async function measureAnswers(
  { data, probabilities, rows, seed }: MeasureParams,
  context: JobContext,
): Promise<Evaluation> {
  context.progress('Measuring', 0);
  await context.breathe();
  return measureRows(data, probabilities, rows, seed, context);
}
