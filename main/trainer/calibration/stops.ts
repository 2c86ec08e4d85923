import type { BlockWork } from '../../engine/networks/block-work.ts';

/** Multiply-adds that cost about as much as one number written and read: enough to choose by where to measure. */
const multiplyAddsAValue = 60;

/** Shares of the work of training everything at about which steps are timed. */
const wantedShares = [0.55, 0.25, 0.08];

/**
 * The stops of a freeze slider (0: nothing frozen; i: up to freeze point i) at which a measurement tells most: both ends, and a few
 * between them by the work that is left.
 *
 * @param first the first stop from which everything can be trained
 */
export function stopsToMeasure(work: readonly BlockWork[], first: number): number[] {
  const left = [0];
  for (const { multiplyAdds, values } of work.toReversed())
    left.unshift(left[0] + multiplyAdds + multiplyAddsAValue * values);
  const chosen = new Set([first, work.length]);
  for (const share of wantedShares) {
    const wanted = share * left[first];
    let best = first;
    for (let stop = first; stop <= work.length; stop++)
      if (Math.abs(left[stop] - wanted) < Math.abs(left[best] - wanted)) best = stop;
    chosen.add(best);
  }
  return [...chosen].sort((a, b) => a - b);
}
