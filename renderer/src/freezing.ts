import type { NetworkInfo } from '../../main/contract/networks.ts';

type Cut = Pick<NetworkInfo, 'freezePoints'>;

/** Parameters that are trained: the network's from the freeze point on (null: all of them), and those of the new classifier. */
export function trainedParameters({ freezePoints }: Cut, freeze: string | null, classes: number): number {
  const last = freezePoints.at(-1)!;
  const before = freezePoints.find(({ name }) => name === freeze)?.parametersBefore ?? 0;
  return last.parametersBefore - before + (last.shape[0] + 1) * classes;
}

/**
 * The time of an epoch as a share of one in which everything is trained, by multiply-adds. Of the trained part a step takes one pass
 * forward and about two backward (by its values and by its weights); the frozen part is computed once, before the first epoch,
 * and costs an epoch nothing.
 */
export function shareOfEpoch({ freezePoints }: Cut, freeze: string | null, classes: number): number {
  const last = freezePoints.at(-1)!;
  const classifier = last.shape[0] * classes;
  const before = freezePoints.find(({ name }) => name === freeze)?.multiplyAddsBefore ?? 0;
  return (last.multiplyAddsBefore - before + classifier) / (last.multiplyAddsBefore + classifier);
}

/** The stop of a freeze slider at which so much is frozen: 0 for nothing, i for all up to the i-th freeze point. */
export function stopOf({ freezePoints }: Cut, freeze: string | null): number {
  return freezePoints.findIndex(({ name }) => name === freeze) + 1;
}

/** What is frozen at a stop: the name of a freeze point; null: nothing. */
export function freezeAt({ freezePoints }: Cut, stop: number): string | null {
  return stop === 0 ? null : freezePoints[stop - 1].name;
}
