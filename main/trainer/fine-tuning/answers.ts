import { buildNetworkModel } from '../../engine/networks/codes-graph.ts';
import { openNetwork } from '../../engine/networks/network.ts';
import { writeModel } from '../../engine/graph/write.ts';
import { indexOfLargest } from '../../engine/linear/scores.ts';
import { createSession, type Device } from '../../engine/runtime/session.ts';
import type { Preprocessing } from '../../contract/networks.ts';
import { batchSizeFor } from '../batch-size.ts';
import type { JobContext } from '../context.ts';
import { runViews, type ViewOutput } from '../run-views.ts';
import type { ViewedImage } from '../views.ts';

/** The likeliest class of some items, and its probability. −1 for one that could not be read. */
export interface Suggestions {
  readonly classIndices: Int32Array;
  readonly probabilities: Float32Array;
}

/**
 * What a trained network answers for items, from their pixels: with the same file, and by the same way, as whoever gets it will ask it.
 *
 * @returns probabilities by item, [C] each; none for an item that could not be read
 */
export async function answersOf(
  file: string,
  preprocessing: Preprocessing,
  images: readonly ViewedImage[],
  device: Device,
  context: JobContext,
): Promise<Map<number, Float32Array>> {
  const network = await openNetwork(file, { size: preprocessing.size, preprocessing });
  const session = await createSession(writeModel(buildNetworkModel(network)), { device });
  const answers = new Map<number, Float32Array>();
  try {
    const total = images.reduce((sum, { views }) => sum + views.length, 0);
    await runViews(
      {
        session,
        size: preprocessing.size,
        batchSize: batchSizeFor(network.multiplyAdds),
        images,
        total,
        step: 'Answering for all items',
      },
      {
        ...context,
        output: (output: ViewOutput) => {
          if (output.kind === 'failure') return;
          const [block] = output.answers;
          const classCount = block.length / output.ids.length;
          for (const [row, id] of output.ids.entries())
            answers.set(id, block.slice(row * classCount, (row + 1) * classCount));
        },
      },
    );
  } finally {
    await session.release();
  }
  return answers;
}

/** The answers for some items as one matrix [N, C]; rows of items without an answer hold NaN. */
export function answerMatrix(
  answers: ReadonlyMap<number, Float32Array>,
  ids: readonly number[],
  classCount: number,
): Float32Array {
  const matrix = new Float32Array(ids.length * classCount).fill(Number.NaN);
  for (const [row, id] of ids.entries()) {
    const own = answers.get(id);
    if (own) matrix.set(own, row * classCount);
  }
  return matrix;
}

export function suggestionsOf(answers: ReadonlyMap<number, Float32Array>, ids: readonly number[]): Suggestions {
  const classIndices = new Int32Array(ids.length).fill(-1);
  const probabilities = new Float32Array(ids.length);
  for (const [row, id] of ids.entries()) {
    const own = answers.get(id);
    if (!own) continue;
    classIndices[row] = indexOfLargest(own, 0, own.length);
    probabilities[row] = own[classIndices[row]];
  }
  return { classIndices, probabilities };
}
