import type { Random } from '../../engine/random.ts';

/**
 * A source of multinomial counts: how often each kind comes when as many members as there are, are drawn with replacement.
 * Takes time by the number of kinds, not of members: each kind's count is binomial among the draws that the kinds before it
 * left, and its probability is its share of the members that they left.
 *
 * @param members members of each kind, above 0
 * @returns a function that gives the counts of another drawing, in the same array each time
 */
export function createMultinomial(members: readonly number[], random: Random): () => Int32Array {
  const total = members.reduce((sum, own) => sum + own, 0);
  const logFactorials = new Float64Array(total + 1);
  for (let n = 2; n <= total; n++) logFactorials[n] = logFactorials[n - 1] + Math.log(n);
  const drawn = new Int32Array(members.length);
  return () => {
    let draws = total;
    let left = total;
    for (let kind = 0; kind < members.length; kind++) {
      const own = members[kind];
      drawn[kind] = own === left ? draws : binomial(draws, own / left, random.next(), logFactorials);
      draws -= drawn[kind];
      left -= own;
    }
    return drawn;
  };
}

/**
 * A binomial count by inversion: values are tried from the most probable one outwards, about as many as the standard
 * deviation, until their probabilities have used up `uniform`.
 */
function binomial(draws: number, probability: number, uniform: number, logFactorials: Float64Array): number {
  const mode = Math.floor((draws + 1) * probability);
  const odds = probability / (1 - probability);
  const atMode = Math.exp(
    logFactorials[draws] -
      logFactorials[mode] -
      logFactorials[draws - mode] +
      mode * Math.log(probability) +
      (draws - mode) * Math.log1p(-probability),
  );
  let rest = uniform - atMode;
  let below = mode;
  let above = mode;
  let atBelow = atMode;
  let atAbove = atMode;
  while (rest > 0 && (below > 0 || above < draws)) {
    if (above < draws) {
      atAbove *= ((draws - above) / (above + 1)) * odds;
      above += 1;
      rest -= atAbove;
      if (rest <= 0) return above;
    }
    if (below > 0) {
      atBelow *= below / ((draws - below + 1) * odds);
      below -= 1;
      rest -= atBelow;
      if (rest <= 0) return below;
    }
  }
  return mode;
}
