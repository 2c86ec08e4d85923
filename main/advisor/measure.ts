import type { Control } from '../contract/progress.ts';
import { type ProbeRequest, type Probed, probeNetwork } from '../probing/probe.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { advise } from './advise.ts';
import { findLookalikes } from './lookalikes.ts';
import { measureTime } from './time.ts';
import { measureTurned } from './turning.ts';

/**
 * Measures whatever the advisor does not know yet, or knows of other labels or pixels: the probes and the domain shift,
 * whether turned items are still known, test items that look the same as others, and how long the plan takes. Kept as it comes.
 *
 * @throws UserError when there are fewer than two classes, or fewer than two groups that can be held out
 */
export async function measureForAdvice(
  studio: Studio,
  project: Project,
  request: ProbeRequest,
  control: Control = {},
): Promise<Probed> {
  const probed = await probeNetwork(studio, project, request, control);
  await measureTurned(studio, project, request, control);
  request.onResult?.();
  await findLookalikes(studio, project, request, control);
  request.onResult?.();
  // What training takes depends on what is planned, which is known by now.
  const { plan } = await advise(project, { ...request, named: true });
  if (plan) await measureTime(studio, project, request.network, plan, control);
  return probed;
}
