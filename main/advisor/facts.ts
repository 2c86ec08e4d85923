import type { Quadrant, Similarity, Size } from '../contract/advice.ts';
import type { DeviceChoice } from '../contract/devices.ts';
import type { NetworkInfo } from '../contract/networks.ts';
import type { ProbeSettings } from '../contract/probes.ts';

/** Everything that the rules are told. */
export interface Facts {
  readonly network: NetworkInfo;
  readonly settings: ProbeSettings;
  readonly device: DeviceChoice;
  readonly size: Size;
  readonly similarity: Similarity;
  readonly quadrant: Quadrant;
  /** Side of the square that the network is shown of an item, in pixels of its image: that of the item in the middle. */
  readonly itemSide: number;
  /** Other networks that were probed with the same settings, and what came of their best points. */
  readonly rivals: readonly { readonly name: string; readonly macroF1: number }[];
}

/** One line of a table of rules: the first that holds is followed. */
export interface Rule<Chosen> {
  readonly name: string;
  readonly holds: (facts: Facts) => boolean;
  readonly choose: Chosen;
  /** Why, with the figures that it rests on. */
  readonly reason: (facts: Facts) => string;
  /** Where the rule comes from; null where the reason says it all. */
  readonly source: string | null;
}

/** @throws Error when none holds: the last rule of a table holds always */
export function firstThatHolds<Chosen>(rules: readonly Rule<Chosen>[], facts: Facts): Rule<Chosen> {
  const found = rules.find(({ holds }) => holds(facts));
  if (!found) throw new Error(`No rule holds of ${rules.map(({ name }) => name).join(', ')}`);
  return found;
}
