import type { Classifier } from '../contract/classifiers.ts';
import { productName } from '../contract/product.ts';
import { networkOf, selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Run } from './runs.ts';

/** What the classifier of a run says of itself, in every file that holds it. */
export function describeRun(
  project: Project,
  { id, created, config }: Pick<Run, 'id' | 'created' | 'config'>,
): Classifier {
  const point = selectPoint(networkOf(project, config.network.hash), config.point);
  return {
    classes: config.classes,
    preprocessing: config.preprocessing,
    provenance: {
      producer: productName,
      project: project.name,
      run: id,
      created,
      network: config.network,
      point: config.point,
      pooling: config.pooling,
      method: config.method,
      margin: config.margin,
      displayLimits: config.displayLimits,
      multiplyAdds: point.multiplyAddsBefore,
    },
  };
}
