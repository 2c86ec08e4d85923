import { groupRates } from '../engine/training/parameters.ts';
import { networkOf, selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Run } from './runs.ts';

/**
 * Learning rates of the groups of pretrained layers that a fine-tuning trains, as shares of the classifier's; the last layers' first.
 * None where only a classifier is trained, and where weights are random: all learn at one rate then.
 */
export function rateShares(project: Project, { config: { network, fineTuning } }: Run): number[] {
  if (!fineTuning || fineTuning.init === 'random') return [];
  const used = networkOf(project, network.hash);
  const frozen = fineTuning.freeze === null ? 0 : selectPoint(used, fineTuning.freeze).index;
  return groupRates(used.info.freezePoints.length - frozen, fineTuning);
}
