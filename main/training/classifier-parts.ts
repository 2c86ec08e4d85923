import { networkFile } from '../networks/library.ts';
import { networkOf } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { ClassifierParts } from '../trainer/classifier-parts.ts';
import { headFile, trainedFile } from './run-files.ts';
import type { Run } from './runs.ts';

/** The files that the classifier of a finished run is made of. */
export function classifierParts(project: Project, { id, config }: Run): ClassifierParts {
  const { method, network, preprocessing, point, pooling } = config;
  return method === 'fine-tune'
    ? { network: trainedFile(project, id), preprocessing, head: null }
    : {
        network: networkFile(networkOf(project, network.hash)),
        preprocessing,
        head: { file: headFile(project, id), point, pooling },
      };
}
