import type { layout } from '../ops/layout.ts';
import type { GradientsOf } from './rule.ts';

export const layoutGradients: GradientsOf<typeof layout> = {
  Reshape: { missing: 'its gradient is not written yet' },
  Flatten: { missing: 'its gradient is not written yet' },
  Transpose: { missing: 'its gradient is not written yet' },
  Squeeze: { missing: 'its gradient is not written yet' },
  Unsqueeze: { missing: 'its gradient is not written yet' },
  Expand: { missing: 'its gradient is not written yet' },
  Tile: { missing: 'its gradient is not written yet' },
  DepthToSpace: { missing: 'its gradient is not written yet' },
  SpaceToDepth: { missing: 'its gradient is not written yet' },
};
