/** Value and gradient of a function at a point. */
export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface MinimiseOptions {
  /** Stop when the gradient's Euclidean norm is at most this. */
  readonly gradientNorm: number;
  readonly maxIterations: number;
  /** Multiplies a vector by an approximation of the inverse Hessian (symmetric, positive definite). */
  readonly precondition: (vector: Float64Array) => Promise<Float64Array>;
}

export interface Minimum extends Evaluation {
  readonly point: Float64Array;
  readonly iterations: number;
  /** Whether the gradient became small enough; if not, the iterations ran out or rounding hides any further descent. */
  readonly converged: boolean;
}

/** Pairs of steps and gradient changes that are remembered. */
const MEMORY = 10;
/** Wolfe's conditions: share of the expected decrease that is demanded, share of the slope that may be left. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Change of the value, relative to it, that is taken for rounding: losses are summed from float32 terms. */
const ROUNDING = 1e-7;
const MAX_TRIALS = 20;
/** Iterations without a smaller value or gradient after which rounding is held responsible. */
const PATIENCE = 20;

interface Trial extends Evaluation {
  readonly step: number;
  /** Derivative along the direction. */
  readonly slope: number;
  readonly point: Float64Array;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a ← a + factor · b */
function add(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] += factor * b[i];
}

/** Minimum of the cubic through two trials' values and slopes, kept away from both ends (Nocedal & Wright, eq. 3.59). */
function between(a: Trial, b: Trial): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const root = d1 * d1 - a.slope * b.slope;
  const d2 = Math.sign(b.step - a.step) * Math.sqrt(Math.max(root, 0));
  const step = b.step - ((b.step - a.step) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
  const low = Math.min(a.step, b.step);
  const width = Math.abs(a.step - b.step);
  return root >= 0 && Number.isFinite(step)
    ? Math.min(Math.max(step, low + 0.1 * width), low + 0.9 * width)
    : low + width / 2;
}

/**
 * A step that meets the strong Wolfe conditions (Nocedal & Wright, algorithms 3.5 and 3.6), or the best one met where
 * rounding leaves none.
 */
async function search(start: Trial, evaluate: (step: number) => Promise<Trial>): Promise<Trial | undefined> {
  const slack = ROUNDING * Math.abs(start.value);
  let low = start;
  let high: Trial | undefined;
  let step = 1;
  for (let trials = 0; trials < MAX_TRIALS; trials++) {
    const trial = await evaluate(step);
    const allowed = start.value + DECREASE * step * start.slope + slack;
    // Written so that a value that is not a number counts as too high.
    if (!(trial.value <= allowed && (low === start || trial.value < low.value + slack))) high = trial;
    else {
      if (Math.abs(trial.slope) <= -CURVATURE * start.slope) return trial;
      if (trial.slope * ((high?.step ?? Infinity) - low.step) >= 0) high = low;
      low = trial;
    }
    step = high ? between(low, high) : 4 * low.step;
  }
  return low === start ? undefined : low;
}

/**
 * Minimises a smooth function by L-BFGS (Nocedal & Wright, algorithm 7.4) with a preconditioner as the first guess of
 * the inverse Hessian.
 *
 * @param evaluate value and gradient; a fresh gradient array each time
 */
export async function minimise(
  evaluate: (point: Float64Array) => Promise<Evaluation>,
  start: Float64Array,
  { gradientNorm, maxIterations, precondition }: MinimiseOptions,
): Promise<Minimum> {
  const memory: { readonly step: Float64Array; readonly change: Float64Array }[] = [];
  let current: Trial = { ...(await evaluate(start)), point: start, step: 0, slope: 0 };
  /** Fits the preconditioner to the curvature met last (Nocedal & Wright, eq. 7.20): most first steps are then accepted. */
  let scale = 1;
  let least = { value: Infinity, norm: Infinity, at: 0 };
  for (let iterations = 0; ; iterations++) {
    const { point, gradient, value } = current;
    const norm = Math.sqrt(dot(gradient, gradient));
    if (norm < 0.9 * least.norm || !(value >= least.value - ROUNDING * Math.abs(value)))
      least = { value: Math.min(value, least.value), norm: Math.min(norm, least.norm), at: iterations };
    const converged = norm <= gradientNorm;
    if (converged || iterations === maxIterations || iterations - least.at === PATIENCE)
      return { point, gradient, value, iterations, converged };

    let direction: Float64Array = gradient.slice();
    const factors = new Float64Array(memory.length);
    for (let i = memory.length - 1; i >= 0; i--) {
      const { step, change } = memory[i];
      factors[i] = dot(step, direction) / dot(step, change);
      add(direction, -factors[i], change);
    }
    direction = (await precondition(direction)).map((value) => scale * value);
    for (const [i, { step, change }] of memory.entries())
      add(direction, factors[i] - dot(change, direction) / dot(step, change), step);
    for (let i = 0; i < direction.length; i++) direction[i] = -direction[i];

    const next = await search({ ...current, step: 0, slope: dot(gradient, direction) }, async (step) => {
      const at = point.slice();
      add(at, step, direction);
      const evaluation = await evaluate(at);
      return { ...evaluation, step, slope: dot(evaluation.gradient, direction), point: at };
    });
    if (!next) {
      // The remembered curvature may mislead; without it the direction is the preconditioned gradient itself.
      if (memory.length === 0) return { point, gradient, value, iterations, converged: false };
      memory.length = 0;
      scale = 1;
      continue;
    }
    const step = next.point.slice();
    add(step, -1, point);
    const change = next.gradient.slice();
    add(change, -1, gradient);
    if (dot(step, change) > 1e-14 * dot(change, change)) {
      memory.push({ step, change });
      scale = dot(step, change) / dot(change, await precondition(change));
    }
    if (memory.length > MEMORY) memory.shift();
    current = next;
  }
}
