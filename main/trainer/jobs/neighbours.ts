import { type CodeMatrix, readCodes } from '../../database/codes.ts';
import { openForReading } from '../../database/open.ts';
import type { Tensor } from '../../engine/graph/types.ts';
import { createProductSession } from '../../engine/runtime/product.ts';
import type { JobContext } from '../context.ts';

export interface NeighboursParams {
  readonly codesFile: string;
  readonly setId: number;
  readonly itemIds: readonly number[];
  readonly k: number;
}

export interface NeighboursResult {
  readonly neighbours: readonly {
    readonly itemId: number;
    readonly nearest: readonly { readonly itemId: number; readonly distance: number }[];
  }[];
}

/** Rows of the stored codes that are compared at once: a block of scores stays within some tens of megabytes. */
const blockRows = 4096;

/** Nearest items of many items: cosines by one matrix product a block, the best k of each kept. */
export async function findNeighbours(params: NeighboursParams, context: JobContext): Promise<NeighboursResult> {
  const { dimensions, ids, matrix } = load(params);
  normaliseRows(matrix, dimensions);
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const asked = params.itemIds.filter((id) => rowOf.has(id));
  const queries = new Float32Array(asked.length * dimensions);
  for (const [index, id] of asked.entries()) {
    const row = rowOf.get(id)!;
    queries.set(matrix.subarray(row * dimensions, (row + 1) * dimensions), index * dimensions);
  }
  const best = asked.map(() => new Best(params.k + 1));
  if (asked.length) await compare(queries, { dimensions, ids, matrix }, best, context);
  return {
    neighbours: asked.map((itemId, index) => ({
      itemId,
      nearest: best[index].entries
        .map(({ score, row }) => ({ itemId: ids[row], distance: Math.max(0, 1 - score) }))
        .filter((neighbour) => neighbour.itemId !== itemId)
        .slice(0, params.k),
    })),
  };
}

function load({ codesFile, setId }: NeighboursParams): CodeMatrix {
  const database = openForReading(codesFile);
  try {
    return readCodes(database, setId);
  } finally {
    database.close();
  }
}

/** Scores every query [best.length, dimensions] with every code, block by block, and keeps the best of each. */
async function compare(
  queries: Float32Array,
  { dimensions, ids, matrix }: CodeMatrix,
  best: readonly Best[],
  context: JobContext,
): Promise<void> {
  const left: Tensor<'float32'> = { type: 'float32', shape: [best.length, dimensions], data: queries };
  const product = await createProductSession();
  try {
    for (let start = 0; start < ids.length; start += blockRows) {
      const rows = Math.min(blockRows, ids.length - start);
      const block = matrix.subarray(start * dimensions, (start + rows) * dimensions);
      const scores = await product.multiplyTransposed(left, {
        type: 'float32',
        shape: [rows, dimensions],
        data: block,
      });
      for (const [index, kept] of best.entries()) {
        for (let row = 0, at = index * rows; row < rows; row++, at++) {
          if (scores[at] > kept.threshold) kept.add(scores[at], start + row);
        }
      }
      context.progress('Comparing codes', start + rows, ids.length);
      await context.breathe();
    }
  } finally {
    await product.release();
  }
}

/** The k largest scores seen, largest first. */
class Best {
  readonly entries: { score: number; row: number }[] = [];
  threshold = -Infinity;
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  add(score: number, row: number): void {
    let place = this.entries.length;
    while (place > 0 && this.entries[place - 1].score < score) place--;
    this.entries.splice(place, 0, { score, row });
    if (this.entries.length > this.capacity) this.entries.pop();
    if (this.entries.length === this.capacity) this.threshold = this.entries.at(-1)!.score;
  }
}

function normaliseRows(matrix: Float32Array, dimensions: number): void {
  for (let start = 0; start < matrix.length; start += dimensions) {
    let square = 0;
    for (let at = start; at < start + dimensions; at++) square += matrix[at] * matrix[at];
    if (square === 0) continue;
    const factor = 1 / Math.sqrt(square);
    for (let at = start; at < start + dimensions; at++) matrix[at] *= factor;
  }
}
