import { readCodes } from '../../database/codes.ts';
import { openForReading } from '../../database/open.ts';
import { createTensor } from '../../engine/graph/tensors.ts';
import type { Tensor } from '../../engine/graph/types.ts';
import { fitLinear } from '../../engine/linear/fit.ts';
import { foldedWeights } from '../../engine/linear/head.ts';
import type { Parameter } from '../../engine/training/parameters.ts';
import { headBias, headWeights } from '../../engine/training/classified-tail.ts';
import type { JobContext } from '../context.ts';
import type { LabelledData } from '../labelled-data.ts';
import type { HeldOut } from './rate-by-fit.ts';

/** Where the codes of the labelled items lie. */
export interface CodesSource {
  readonly file: string;
  readonly setId: number;
}

/** A classifier that was fitted before anything else is trained. */
export interface FittedHead {
  readonly parameters: Parameter[];
  /** How it did on items that it had not seen. */
  readonly heldOut: HeldOut;
}

/** The parameters of a new classifier that answers every class alike. @param length of a code */
export function zeroHead(length: number, classCount: number): Parameter[] {
  return headParameters(new Float32Array(length * classCount), new Float32Array(classCount), length);
}

/**
 * A softmax classifier fitted to the codes of the training items, its penalty chosen on the validation items, which
 * it has not seen otherwise: what is trained further is judged on them.
 */
export async function fittedHead(
  source: CodesSource,
  data: LabelledData,
  seed: number,
  balanced: boolean,
  context: JobContext,
): Promise<FittedHead> {
  const database = openForReading(source.file);
  let codes: ReturnType<typeof readCodes>;
  try {
    codes = readCodes(database, source.setId, data.ids);
  } finally {
    database.close();
  }
  // An item whose image cannot be read has no code.
  const rowOf = new Map(data.ids.map((id, row) => [id, row]));
  const rows = codes.ids.map((id) => rowOf.get(id)!);
  const parts = rows.map((row) => data.parts[row]);
  const step = 'Fitting the classifier';
  context.progress(step, 0);
  const classifier = await fitLinear(
    {
      codes: { data: codes.matrix, rows: rows.length, columns: codes.dimensions },
      classes: Int32Array.from(rows, (row) => data.classIndices[row]),
      classNames: data.classNames,
      parts,
      groups: rows.map((row) => data.groups[row]),
    },
    {
      method: 'softmax',
      finalRows: 'train',
      classWeights: balanced ? 'balanced' : 'none',
      seed,
      breathe: async (progress) => {
        if (progress) context.progress(step, progress.done, progress.total);
        await context.breathe();
      },
    },
  );
  const { weights, bias } = foldedWeights(classifier);
  const chosen = classifier.grid.find(({ value }) => value === classifier.regularisation)!;
  const scored = parts.filter((part) => part === 'validation' || (classifier.chosenOn === 'folds' && part === 'train'));
  return {
    parameters: headParameters(weights, bias, codes.dimensions),
    heldOut: { loss: chosen.logLoss, items: scored.length },
  };
}

function headParameters(weights: ArrayLike<number>, bias: ArrayLike<number>, length: number): Parameter[] {
  const classCount = bias.length;
  const parameter = (name: string, initial: Tensor<'float32'>, decays: boolean): Parameter => ({
    name,
    shape: initial.shape,
    initial,
    rate: 1,
    decays,
    pretrained: false,
  });
  return [
    parameter(headWeights, createTensor('float32', [length, classCount], weights), true),
    parameter(headBias, createTensor('float32', [classCount], bias), false),
  ];
}
