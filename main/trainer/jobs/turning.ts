import type { TurningResult } from '../../contract/advice.ts';
import type { DeviceChoice } from '../../contract/devices.ts';
import type { Pooling, Preprocessing } from '../../contract/networks.ts';
import { predictLinear } from '../../engine/linear/fit.ts';
import { indexOfLargest } from '../../engine/linear/scores.ts';
import type { Matrix } from '../../engine/linear/standardise.ts';
import type { JobContext } from '../context.ts';
import { type LabelledData, pickRows, rowsWhere } from '../labelled-data.ts';
import type { ViewedImage } from '../views.ts';
import { computeCodes } from './codes.ts';
import { countFolds } from './linear.ts';
import { fitWithout } from './probe.ts';

export interface TurningParams {
  readonly network: string;
  readonly preprocessing: Preprocessing;
  /** The freeze point whose codes are taken. */
  readonly point: string;
  readonly pooling: Pooling;
  readonly device: DeviceChoice;
  /** Each labelled item once, as it is. */
  readonly images: readonly ViewedImage[];
  readonly data: LabelledData;
  /** The fold in which each item is held out, from 0; −1 for an item that never is. */
  readonly folds: Int32Array;
  readonly seed: number;
}

/**
 * How each item is shown (`Augmentation.symmetry`): as it is, and turned by one quarter, by two, and by one when mirrored.
 * Mirroring alone would say little: the photographs that networks are pretrained on were mirrored as well.
 */
const symmetries = [0, 1, 2, 5] as const;

/**
 * Whether an item that is turned still is what it was, as the network sees it: a softmax regression fitted to items as they are
 * is asked about items that were held out, as they are and turned. Where it knows both equally well, nothing that the
 * classes are told by depends on how an item lies.
 */
export async function measureTurning(params: TurningParams, context: JobContext): Promise<TurningResult> {
  const { seed } = params;
  const copies = await codesOfCopies(params, context);
  const rows = rowsWhere(params.data, (row) => copies.known[row] === symmetries.length);
  const data = pickItems(params.data, rows);
  const folds = Int32Array.from(rows, (row) => params.folds[row]);
  const [upright, ...turned] = copies.matrices.map((matrix) => pickRows(matrix, rows));
  const gains = new Map<number, { upright: number; turned: number }>();
  const count = countFolds(folds);
  const breathe = () => context.breathe();
  for (let fold = 0; fold < count; fold++) {
    context.progress('Asking about turned items', fold, count);
    const held = rowsWhere(data, (row) => folds[row] === fold);
    const classifier = await fitWithout(fold, { codes: upright, data, folds, seed, count, breathe });
    const classes = data.classNames.length;
    const rightOf = async (matrix: Matrix): Promise<boolean[]> => {
      const answers = await predictLinear(classifier, pickRows(matrix, held), breathe);
      return held.map((row, at) => indexOfLargest(answers, at * classes, classes) === data.classIndices[row]);
    };
    const asTheyAre = await rightOf(upright);
    const whenTurned: boolean[][] = [];
    for (const matrix of turned) whenTurned.push(await rightOf(matrix));
    for (const [at, row] of held.entries())
      gains.set(row, {
        upright: Number(asTheyAre[at]),
        turned: whenTurned.filter((right) => right[at]).length / whenTurned.length,
      });
  }
  return compare(data, gains);
}

interface Copies {
  /** For each symmetry, one row an item. */
  readonly matrices: readonly Matrix[];
  /** How many copies of an item there are. */
  readonly known: Int32Array;
}

async function codesOfCopies(params: TurningParams, context: JobContext): Promise<Copies> {
  const { data, images, point } = params;
  const rowOf = new Map(data.ids.map((id, row) => [id, row]));
  const copies = symmetries.length;
  // Every copy gets a number of its own, so that an answer says which one it is for.
  const shown = images.map((image) => ({
    ...image,
    views: image.views.flatMap((view) =>
      symmetries.map((symmetry, copy) => ({
        ...view,
        id: rowOf.get(view.id)! * copies + copy,
        ...(symmetry === 0 ? {} : { augmentation: { ...asItIs, symmetry } }),
      })),
    ),
  }));
  const known = new Int32Array(data.ids.length);
  let matrices: Matrix[] = [];
  await computeCodes(
    { ...params, points: [point], images: shown, total: data.ids.length * copies },
    {
      ...context,
      output: (output) => {
        if (output.kind === 'failure') return;
        const [codes] = output.answers;
        const columns = codes.length / output.ids.length;
        if (matrices.length === 0)
          matrices = symmetries.map(() => ({
            data: new Float32Array(data.ids.length * columns),
            rows: data.ids.length,
            columns,
          }));
        for (const [at, id] of output.ids.entries()) {
          const row = Math.floor(id / copies);
          matrices[id % copies].data.set(codes.subarray(at * columns, (at + 1) * columns), row * columns);
          known[row]++;
        }
      },
    },
  );
  return { matrices, known };
}

const asItIs = {
  scale: 1,
  shift: [0, 0],
  brightness: 1,
  contrast: 1,
  gains: [1, 1, 1],
  reach: 1,
} as const;

function pickItems(data: LabelledData, rows: readonly number[]): LabelledData {
  return {
    ids: rows.map((row) => data.ids[row]),
    classIndices: Int32Array.from(rows, (row) => data.classIndices[row]),
    parts: rows.map((row) => data.parts[row]),
    groups: rows.map((row) => data.groups[row]),
    classNames: data.classNames,
  };
}

/**
 * Mean recall over classes, as they are and turned, and the standard error of the difference: over groups, since items of one
 * resemble each other (the variance of a sum over independent groups; Liang and Zeger 1986).
 */
function compare(
  data: LabelledData,
  gains: ReadonlyMap<number, { readonly upright: number; readonly turned: number }>,
): TurningResult {
  const counts = new Map<number, number>();
  for (const row of gains.keys()) {
    const own = data.classIndices[row];
    counts.set(own, (counts.get(own) ?? 0) + 1);
  }
  let [upright, turned] = [0, 0];
  const byGroup = new Map<string, number>();
  for (const [row, gain] of gains) {
    const weight = 1 / (counts.size * counts.get(data.classIndices[row])!);
    upright += weight * gain.upright;
    turned += weight * gain.turned;
  }
  const loss = upright - turned;
  for (const [row, gain] of gains) {
    const weight = 1 / (counts.size * counts.get(data.classIndices[row])!);
    const group = data.groups[row];
    byGroup.set(group, (byGroup.get(group) ?? 0) + weight * (gain.upright - gain.turned - loss));
  }
  const groups = byGroup.size;
  const squares = [...byGroup.values()].reduce((sum, value) => sum + value ** 2, 0);
  return {
    items: gains.size,
    groups,
    upright,
    turned,
    error: groups > 1 ? Math.sqrt((squares * groups) / (groups - 1)) : null,
  };
}
