/**
 * Round numbers that divide a range into about `count` parts: 1, 2 or 5 times a power of ten apart.
 *
 * @returns none where the range is empty
 */
export function roundTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Not added up: 0.1 + 0.2 is no round number.
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** Powers of ten that are seldom wanted below the largest: what falls to zero would have the axis reach for ever. */
const mostPowers = 5;

/** The powers of ten that positive values lie between, for an axis of powers; whole numbers. */
export function powersAround(values: readonly number[]): { low: number; high: number } {
  const positive = values.filter((value) => value > 0);
  if (positive.length === 0) return { low: -1, high: 0 };
  // Not −0.
  const high = Math.ceil(Math.log10(positive.reduce((a, b) => Math.max(a, b)))) + 0;
  const low = Math.floor(Math.log10(positive.reduce((a, b) => Math.min(a, b))));
  return { low: Math.max(Math.min(low, high - 1), high - mostPowers), high };
}

/**
 * Exponential moving average that is right from the first value on (as Adam's moments are, arXiv 1412.6980, section 3).
 *
 * @param share of each new value, above 0 and at most 1
 */
export function smooth(values: readonly number[], share: number): number[] {
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    sum += share * (value - sum);
    weight += share * (1 - weight);
    return sum / weight;
  });
}
