import type { Control } from '../contract/progress.ts';
import { type ProbeRequest, type Probed, probeNetwork } from '../probing/probe.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import { findLookalikes } from './lookalikes.ts';
import { measureTurned } from './turning.ts';

/**
 * Measures whatever the advisor does not know yet, or knows of other labels or pixels: the probes and the domain shift,
 * whether turned items are still known, and test items that look the same as others. Kept as it comes.
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
  return probed;
}
