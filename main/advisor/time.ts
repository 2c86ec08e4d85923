import type { Plan } from '../contract/advice.ts';
import type { Control } from '../contract/progress.ts';
import { calibrateEstimates, estimate, type EstimateRequest } from '../estimates/estimate.ts';
import type { StoredNetwork } from '../networks/library.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';

/** What is to be estimated of a plan; undefined for a linear classifier, which takes seconds. */
function requestOf(network: StoredNetwork, { settings }: Plan): EstimateRequest | undefined {
  if (settings.method !== 'fine-tune') return undefined;
  const { size, device, choice } = settings;
  return { network, choice, device, ...(size === null ? {} : { size }) };
}

/** Seconds that a plan's fine-tuning takes at most on this machine; null where that is not known, or where there is none. */
export async function secondsOf(project: Project, network: StoredNetwork, plan: Plan): Promise<number | null> {
  const request = requestOf(network, plan);
  if (!request) return null;
  const { stops, epochs } = await estimate(project, request);
  const stop = stops.find(({ freeze }) => freeze === plan.fineTuning!.freeze);
  if (stop?.epochSeconds == null || stop.onceSeconds === null) return null;
  return stop.onceSeconds + epochs * stop.epochSeconds;
}

/** Measures how fast this machine does what the plan asks for, where that is not known. */
export async function measureTime(
  studio: Studio,
  project: Project,
  network: StoredNetwork,
  plan: Plan,
  control: Control,
): Promise<void> {
  const request = requestOf(network, plan);
  if (!request || (await secondsOf(project, network, plan)) !== null) return;
  await calibrateEstimates(studio, project, request, control);
}
