/**
 * Seeded random numbers: the same seed gives the same numbers on every machine.
 *
 * sfc32 by Chris Doty-Humphrey (PractRand): 128 bits of state, passes BigCrush, and is made of 32-bit integer operations
 * that JavaScript has. The seed is spread over the state as its author advises: fixed words, then 15 rounds thrown away.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  readonly next: () => number;
  /** Uniform integer in [0, bound); `bound` at most 2³². */
  readonly integer: (bound: number) => number;
  /** Standard normal deviate (Box–Muller). */
  readonly normal: () => number;
  /** Reorders in place (Fisher–Yates) and returns what it was given. */
  readonly shuffle: <T extends { [index: number]: unknown; readonly length: number }>(values: T) => T;
}

/** @param seed any safe integer; each gives its own sequence */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = Math.floor(seed / 0x1_0000_0000) | 0;
  let c = seed | 0;
  let counter = 1;

  function word(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }
  for (let round = 0; round < 15; round++) word();

  const next = () => word() / 0x1_0000_0000;
  // Scaling leaves a bias below bound / 2³², far under anything that the samples here could show.
  const integer = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    integer,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle(values) {
      for (let last = values.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        const kept = values[last];
        values[last] = values[other];
        values[other] = kept;
      }
      return values;
    },
  };
}

/**
 * One seed out of several numbers, which together name a sequence of their own: a run's seed, an epoch, an item.
 *
 * @param numbers safe integers; their order matters
 */
export function deriveSeed(...numbers: readonly number[]): number {
  let seed = 0;
  for (const number of numbers) {
    const { integer } = createRandom((seed + number) % Number.MAX_SAFE_INTEGER);
    seed = integer(2 ** 21) * 2 ** 32 + integer(2 ** 32);
  }
  return seed;
}
