import { computeCodes } from '../codes/compute.ts';
import { similarityPooling } from '../codes/similarity.ts';
import { codesPoint, useNetwork } from '../networks/project-network.ts';
import type { Session } from '../session/session.ts';

/**
 * Computes, as a job, the codes that items are compared by.
 *
 * @returns the job's number
 */
export function prepareSimilarity(session: Session): number {
  const project = session.project();
  return session.jobs.start({ kind: 'similar', title: 'Preparing the search for similar items' }, async (control) => {
    const network = await useNetwork(session.studio, project);
    session.touch('networks');
    const request = { network, points: [codesPoint(project, network)], pooling: similarityPooling };
    const { device } = await computeCodes(session.studio, project, request, control);
    session.computedOn(device);
  });
}
