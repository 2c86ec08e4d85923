import type { RunAnswer } from '../../../main/contract/api/learning.ts';

interface Answered {
  /** Class names in the order of the run's outputs. */
  readonly classes: readonly string[];
  readonly answers: readonly RunAnswer[];
}

/** What became of the items that two runs held out, by item number. */
export interface Changes {
  /** Items held out in both. */
  readonly shared: number;
  /** Wrong before, right now. */
  readonly mended: readonly number[];
  /** Right before, wrong now. */
  readonly broken: readonly number[];
  /** Wrong in both, but not the same. */
  readonly otherwise: readonly number[];
  /** Wrong in both, the same. */
  readonly still: readonly number[];
}

/**
 * Compares two runs' answers on the test items that they share. Classes are matched by name, since runs may order them
 * otherwise; right and wrong are by each run's own labels, as its scores are.
 */
export function changesBetween(before: Answered, now: Answered): Changes {
  const earlier = new Map(
    before.answers.filter(({ part }) => part === 'test').map((answer) => [answer.itemId, answer]),
  );
  const changes = {
    shared: 0,
    mended: [] as number[],
    broken: [] as number[],
    otherwise: [] as number[],
    still: [] as number[],
  };
  for (const answer of now.answers) {
    const old = answer.part === 'test' ? earlier.get(answer.itemId) : undefined;
    if (!old) continue;
    changes.shared++;
    const wasRight = old.predicted === old.truth;
    const isRight = answer.predicted === answer.truth;
    if (wasRight && isRight) continue;
    if (isRight) changes.mended.push(answer.itemId);
    else if (wasRight) changes.broken.push(answer.itemId);
    else if (before.classes[old.predicted] === now.classes[answer.predicted]) changes.still.push(answer.itemId);
    else changes.otherwise.push(answer.itemId);
  }
  return changes;
}
