import type { GradientCase } from '../gradients.ts';
import { arithmeticCases } from './arithmetic.ts';
import { convolutionCases } from './convolution.ts';
import { elementwiseCases } from './elementwise.ts';
import { layoutCases } from './layout.ts';
import { matrixCases } from './matrices.ts';
import { normalisationCases } from './normalisation.ts';
import { partsCases } from './parts.ts';
import { poolingCases } from './pooling.ts';
import { reductionCases } from './reduction.ts';
import { resizeCases } from './resize.ts';

/** For every operator that has a gradient: all settings under which its rule differs. */
export const gradientCases: readonly GradientCase[] = [
  ...elementwiseCases,
  ...arithmeticCases,
  ...reductionCases,
  ...matrixCases,
  ...layoutCases,
  ...partsCases,
  ...normalisationCases,
  ...resizeCases,
  ...convolutionCases,
  ...poolingCases,
];
