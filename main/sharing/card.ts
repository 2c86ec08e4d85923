import type { Card, Statement } from '../contract/cards.ts';
import type { Interval } from '../contract/evaluation.ts';
import type { RunResult } from '../contract/runs.ts';
import type { Project } from '../projects/project.ts';
import { type Run, runItems } from '../training/runs.ts';

/** What goes with a run's classifier when it is shared. */
export function cardOf(project: Project, run: Run & { result: RunResult }, statement: Statement): Card {
  const { counts, test } = run.result;
  const groups = new Set<string>();
  const classItems = run.config.classes.map(() => 0);
  for (const { group, classIndex } of runItems(project, run.id)) {
    groups.add(group);
    classItems[classIndex]++;
  }
  return {
    ...statement,
    items: counts,
    groups: groups.size,
    classItems,
    macroF1: measured(test?.macroF1),
    accuracy: measured(test?.accuracy),
  };
}

function measured(interval: Interval | undefined): Card['macroF1'] {
  if (interval?.value == null) return null;
  const { value, low, high } = interval;
  return { value, low, high };
}
