import type { DisplayLimits } from '../contract/images.ts';

/** Stored values of more than 8 bits. */
export type DeepSamples = Uint16Array | Float32Array;

/** This share of the values may lie below the low limit, and as much above the high one: dead and hot pixels. */
const outside = 0.001;
const bins = 65_536;

/**
 * Limits that show an image well when nobody has set any: the 0.1% and the 99.9% percentile of its values, all channels
 * together. For 16 bits they are exact; for floating point to 1/65,536 of the range. Values that are no number are left out.
 * `high` is above `low` even in an image of one value.
 */
export function limitsOf(samples: DeepSamples): DisplayLimits {
  const { minimum, step } = binning(samples);
  const counts = new Uint32Array(bins);
  let total = 0;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(bins - 1, Math.floor((value - minimum) / step));
    counts[bin] = counts[bin] + 1;
    total++;
  }
  const low = minimum + step * percentile(counts, total * outside);
  const high = minimum + step * percentile(counts, total * (1 - outside));
  return high > low ? { low, high } : { low, high: low + step };
}

/** One bin a value for integers; equal bins between the extremes for floating point. */
function binning(samples: DeepSamples): { readonly minimum: number; readonly step: number } {
  if (samples instanceof Uint16Array) return { minimum: 0, step: 1 };
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (!Number.isFinite(value)) continue;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return maximum > minimum
    ? { minimum, step: (maximum - minimum) / (bins - 1) }
    : { minimum: Number.isFinite(minimum) ? minimum : 0, step: 1 };
}

/** The first bin at which more than `rank` values have been passed; the last that holds any at the end. */
function percentile(counts: Uint32Array, rank: number): number {
  let passed = 0;
  let last = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    if (counts[bin] === 0) continue;
    last = bin;
    passed += counts[bin];
    if (passed > rank) return bin;
  }
  return last;
}

/** `255 · (value − low) / (high − low)`, rounded, and clamped to 0…255. What is no number becomes 0. */
export function toDisplay(samples: DeepSamples, { low, high }: DisplayLimits): Uint8Array {
  const range = high - low;
  // The clamped array rounds and clamps as it is written to, and stores NaN as 0.
  const shown = new Uint8ClampedArray(samples.length);
  for (let i = 0; i < samples.length; i++) shown[i] = ((samples[i] - low) * 255) / range;
  return new Uint8Array(shown.buffer);
}
