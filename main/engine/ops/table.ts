import { arithmetic } from './arithmetic.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { layout } from './layout.ts';
import { matmul } from './matmul.ts';
import { normalisation } from './normalisation.ts';
import type { Operator } from './operator.ts';
import { parts } from './parts.ts';
import { pooling } from './pooling.ts';
import { reduction } from './reduction.ts';
import { resize } from './resize.ts';
import { shapes } from './shape.ts';
import { softmax } from './softmax.ts';

const families = {
  ...convolution,
  ...pooling,
  ...normalisation,
  ...elementwise,
  ...softmax,
  ...matmul,
  ...arithmetic,
  ...reduction,
  ...layout,
  ...parts,
  ...resize,
  ...shapes,
};

/** An operator that the engine understands. */
export type OperatorName = keyof typeof families;

/** Every operator of the standard set that the engine understands, by name, in the form it has at OPSET. */
export const operators: ReadonlyMap<string, Operator> = new Map(Object.entries(families));
