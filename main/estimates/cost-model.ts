/** What a stop of the freeze slider leaves to be computed, in several measures: multiply-adds, values, parameters. */
export type Work = readonly number[];

export interface MeasuredCost {
  readonly stop: number;
  readonly cost: number;
}

const rounds = 2000;

/**
 * What each unit of work costs: coefficients, none of them negative, that explain the measured costs best, each by its share of
 * the cost (least squares by cyclic coordinate descent).
 *
 * @param works of the same places as the costs
 */
export function unitCosts(works: readonly Work[], costs: readonly number[]): number[] {
  const measures = works.at(0)?.length ?? 0;
  const rows = works.flatMap((work, at) => (costs[at] > 0 ? [work.map((amount) => amount / costs[at])] : []));
  const units = new Array<number>(measures).fill(0);
  for (let round = 0; round < rounds; round++)
    for (let own = 0; own < measures; own++) {
      let [product, square] = [0, 0];
      for (const row of rows) {
        const others = row.reduce((sum, amount, at) => (at === own ? sum : sum + amount * units[at]), 0);
        product += row[own] * (1 - others);
        square += row[own] ** 2;
      }
      units[own] = square > 0 ? Math.max(0, product / square) : 0;
    }
  return units;
}

/**
 * The cost at every stop from few that were measured. What was measured stands; between two of them the difference is shared out
 * by the work, at what each unit of it costs as far as the measurements tell.
 *
 * @param works of every stop
 * @param measured by stop, two at least
 * @returns null before the first and after the last that was measured
 */
export function costsOfStops(works: readonly Work[], measured: readonly MeasuredCost[]): (number | null)[] {
  const base = measured.reduce((least, one) => (one.cost < least.cost ? one : least));
  const apart = (work: Work): number[] => work.map((amount, at) => Math.abs(amount - works[base.stop][at]));
  const others = measured.filter((one) => one !== base);
  const units = unitCosts(
    others.map(({ stop }) => apart(works[stop])),
    others.map(({ cost }) => cost - base.cost),
  );
  const modelled = works.map((work) => work.reduce((sum, amount, at) => sum + amount * units[at], 0));
  return works.map((_, stop) => {
    const after = measured.find((one) => one.stop >= stop);
    const before = measured.findLast((one) => one.stop <= stop);
    if (!after || !before) return null;
    if (after === before) return after.cost;
    const whole = modelled[after.stop] - modelled[before.stop];
    const share =
      whole === 0
        ? (stop - before.stop) / (after.stop - before.stop)
        : (modelled[stop] - modelled[before.stop]) / whole;
    return before.cost + Math.min(1, Math.max(0, share)) * (after.cost - before.cost);
  });
}
