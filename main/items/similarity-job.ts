import { computeCodes } from '../codes/compute.ts';
import { similarityPooling } from '../codes/similarity.ts';
import { selectPoint, useNetwork } from '../networks/project-network.ts';
import { getSetting } from '../projects/settings.ts';
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
    const point = selectPoint(network, getSetting(project, 'point'));
    const request = { network, points: [point], pooling: similarityPooling };
    const { device } = await computeCodes(session.studio, project, request, control);
    session.computedOn(device);
  });
}
