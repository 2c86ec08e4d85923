import type { OperatorName } from '../ops/table.ts';
import { convolutionGradients } from './convolution.ts';
import { elementwiseGradients } from './elementwise.ts';
import { arithmeticGradients } from './arithmetic.ts';
import { layoutGradients } from './layout.ts';
import { matmulGradients } from './matmul.ts';
import { normalisationGradients } from './normalisation.ts';
import { partsGradients } from './parts.ts';
import { poolingGradients } from './pooling.ts';
import { reductionGradients } from './reduction.ts';
import { resizeGradients } from './resize.ts';
import type { Gradient } from './rule.ts';
import { shapesGradients } from './shape.ts';
import { softmaxGradients } from './softmax.ts';

/** The gradient of every operator that the engine understands: the compiler sees to it that none is forgotten. */
export const gradients: { readonly [Name in OperatorName]: Gradient } = {
  ...convolutionGradients,
  ...poolingGradients,
  ...normalisationGradients,
  ...elementwiseGradients,
  ...softmaxGradients,
  ...matmulGradients,
  ...arithmeticGradients,
  ...reductionGradients,
  ...layoutGradients,
  ...partsGradients,
  ...resizeGradients,
  ...shapesGradients,
};
