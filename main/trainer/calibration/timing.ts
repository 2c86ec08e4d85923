import type { JobContext } from '../context.ts';

/** Rounds before those that count: memory is laid out, and caches and cores are waking up. */
const warmRounds = 2;
/** A piece of work is timed so often: less where it takes long, and never so rarely that one disturbance counts. */
const rounds = { least: 3, most: 9 };
const enoughSeconds = 2;

/**
 * The median of the seconds that a piece of work takes once it is warm.
 *
 * @param work is given the number of the round, from 0
 */
export async function timed(context: JobContext, work: (round: number) => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  let spent = 0;
  for (let round = 0; round < warmRounds; round++) {
    await work(round);
    await context.breathe();
  }
  while (seconds.length < rounds.least || (seconds.length < rounds.most && spent < enoughSeconds)) {
    const began = performance.now();
    await work(warmRounds + seconds.length);
    seconds.push((performance.now() - began) / 1000);
    spent += seconds.at(-1)!;
    await context.breathe();
  }
  return seconds.toSorted((a, b) => a - b)[Math.floor((seconds.length - 1) / 2)];
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
