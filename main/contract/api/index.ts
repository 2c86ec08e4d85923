import { adviceContract } from './advice.ts';
import { estimatesContract } from './estimates.ts';
import { itemsContract } from './items.ts';
import { labelsContract } from './labels.ts';
import { evaluationContract, probesContract, sharingContract, trainingContract } from './learning.ts';
import { networksContract } from './networks.ts';
import { projectsContract, studioContract } from './studio.ts';

/**
 * Everything that the renderer can ask of the core. Pixels do not come this way but by address, so that the browser can
 * cache them and decode them off its main thread: `thumbnails/ITEM/VIEWKEY`, `images/IMAGE`.
 */
export const contract = {
  studio: studioContract,
  projects: projectsContract,
  items: itemsContract,
  labels: labelsContract,
  networks: networksContract,
  probes: probesContract,
  advice: adviceContract,
  estimates: estimatesContract,
  training: trainingContract,
  evaluation: evaluationContract,
  sharing: sharingContract,
};
