import type { JobContext } from '../context.ts';

/** A piece of work is timed so often, the first time left out; less where it takes long. */
const mostRounds = 5;
const enoughSeconds = 1.5;

/** The median of the seconds that a piece of work takes once it is warm. */
export async function timed(context: JobContext, work: (round: number) => Promise<unknown>): Promise<number> {
  await work(0);
  const seconds: number[] = [];
  let spent = 0;
  for (let round = 1; round <= mostRounds && (round === 1 || spent < enoughSeconds); round++) {
    await context.breathe();
    const began = performance.now();
    await work(round);
    seconds.push((performance.now() - began) / 1000);
    spent += seconds.at(-1)!;
  }
  return seconds.toSorted((a, b) => a - b)[Math.floor((seconds.length - 1) / 2)];
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
