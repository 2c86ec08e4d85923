import type { Quadrant, Similarity, Size, TurningResult } from '../contract/advice.ts';
import type { Interval } from '../contract/evaluation.ts';
import type { ProbeReport } from '../contract/probes.ts';

/** How far a point's neighbours count when few items make single points jump: so many on each side. */
const neighbours = 2;

/** What the probes and the shift say of how like the pretraining data the images are. */
export function similarityOf(
  { points, shift }: ProbeReport,
  turning: (TurningResult & { readonly point: string; readonly stale: boolean }) | null,
): Similarity {
  const shifts = points.flatMap((point) => (point.shift === null ? [] : [point.shift]));
  const quarter = Math.max(1, Math.floor(shifts.length / 4));
  return {
    probes: probesOf(points),
    shift:
      shift && shifts.length
        ? {
            early: meanOf(shifts.slice(0, quarter)),
            late: meanOf(shifts.slice(-quarter)),
            items: shift.items,
            stale: shift.stale,
          }
        : null,
    shiftMeasurable: shift ? shift.layers > 0 : null,
    turning,
  };
}

/** Undefined points are passed over; nothing is said before the last point was probed. */
function probesOf(points: ProbeReport['points']): Similarity['probes'] {
  const probed = points.flatMap(({ name, index, probe }) =>
    probe && probe.macroF1.value !== null ? [{ name, index, macroF1: probe.macroF1.value, probe }] : [],
  );
  const last = probed.at(-1);
  if (last?.index !== points.at(-1)!.index) return null;
  const best = probed.reduce((top, one) => (one.macroF1 > top.macroF1 ? one : top));
  const smooth = smoothed(probed.map(({ macroF1 }) => macroF1));
  const steady = probed[smooth.reduce((top, value, at) => (value > smooth[top] ? at : top), 0)];
  const plain = ({ name, index, macroF1 }: (typeof probed)[number]) => ({ name, index, macroF1 });
  return {
    points: points.length,
    items: best.probe.items,
    best: plain(best),
    last: plain(last),
    smoothed: plain(steady),
    error: standardError(best.probe.macroF1),
    stale: probed.some(({ probe }) => probe.stale),
  };
}

/** Of a measure, by its 95% interval; 1 without one: nothing is known, and anything may be. */
export function standardError({ low, high }: Interval): number {
  return low === null || high === null ? 1 : (high - low) / (2 * 1.96);
}

/**
 * Each value as the straight line through it and its neighbours has it (local linear regression): at the ends, where there are
 * neighbours on one side alone, their mean would be of another place.
 */
function smoothed(values: readonly number[]): number[] {
  return values.map((_, at) => {
    const first = Math.max(0, at - neighbours);
    const own = values.slice(first, at + neighbours + 1);
    const middle = first - at + (own.length - 1) / 2;
    const places = own.map((_value, index) => index - (own.length - 1) / 2);
    const spread = places.reduce((sum, place) => sum + place * place, 0);
    const slope = places.reduce((sum, place, index) => sum + place * own[index], 0) / Math.max(spread, 1);
    return meanOf(own) - slope * middle;
  });
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Training items of a typical class from which a data set counts as large. With fewer, a linear classifier where the probes are
 * best did as well as fine-tuning (docs/advisor.md); so it was for 47 to 800 labels in all on twelve other data sets (arXiv
 * 1805.08974).
 */
export const largeFrom = 100;
/** Probes with a smaller standard error are trusted; those of few items jump, and the shift says more. */
const preciseBelow = 0.03;
/**
 * Domain shift of the first quarter from which images count as unlike the pretraining data: photographs shrunk to 32 pixels
 * have 0.06, blood cells 0.5 and more (docs/advisor.md).
 */
const shiftedFrom = 0.3;

/**
 * Places the project among the four cases. Images are unlike the pretraining data where precise probes say that an earlier point
 * does better by a standard error at least. Where probes do not tell, the domain shift does; where that cannot be measured, the
 * probes as they are.
 */
export function quadrantOf({ typical }: Size, { probes, shift }: Similarity): Quadrant {
  const size = typical / (typical + largeFrom);
  const gain = probes ? Math.max(0, probes.best.macroF1 - probes.last.macroF1) : 0;
  const byProbes = probes && (!shift || (probes.error < preciseBelow && gain >= probes.error));
  if (!byProbes && !shift) return { size, difference: null, by: null, scenario: null };
  const ratio = byProbes ? gain / Math.max(probes.error, 1e-3) : shift!.early / shiftedFrom;
  const difference = ratio / (ratio + 1);
  const large = size >= 0.5 ? 'large' : 'small';
  return {
    size,
    difference,
    by: byProbes ? 'probes' : 'shift',
    scenario: `${large}-${difference >= 0.5 ? 'different' : 'similar'}`,
  };
}
