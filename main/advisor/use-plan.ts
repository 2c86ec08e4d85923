import type { Plan } from '../contract/advice.ts';
import { UserError } from '../contract/errors.ts';
import { networkAtHand } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import { setSetting } from '../projects/settings.ts';
import type { Studio } from '../studio-parts.ts';
import { advise, type AdviceRequest } from './advise.ts';

/**
 * Makes the plan the project's: its network, the freeze point up to which nothing is trained, and what training is to be
 * started with.
 *
 * @throws UserError while nothing can be planned
 */
export async function usePlan(studio: Studio, project: Project, request: AdviceRequest): Promise<Plan> {
  const { plan, obstacle } = await advise(project, request);
  if (!plan) throw new UserError(obstacle!);
  const { network, settings } = plan;
  await networkAtHand(studio, project, network.hash);
  project.database.transaction(() => {
    setSetting(project, 'network', network.hash);
    setSetting(project, 'point', settings.method === 'fine-tune' ? settings.choice.freeze : settings.point);
    setSetting(project, 'training', settings);
  })();
  return plan;
}
