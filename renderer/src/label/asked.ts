import type { ItemFilter, ItemOrder } from '../../../main/contract/api/items.ts';
import { api } from '../client.ts';

export interface Asked {
  readonly filter: ItemFilter;
  readonly order: ItemOrder;
  /** The whole image is to be seen at once, not the grid. */
  readonly single: boolean;
}

/**
 * What a link to this screen asks for: `run`, `truth` and `predicted` for a cell of a run's confusion matrix; `run` with
 * `show=mistakes` for where it differs from the labels, surest first; `class`, `group`; `image` for one whole image.
 */
export function asked(params: URLSearchParams): Asked {
  const number = (name: string): number | undefined => {
    const value = params.get(name);
    return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
  };
  const [run, truth, predicted] = [number('run'), number('truth'), number('predicted')];
  const [label, imageId, group] = [number('class'), number('image'), params.get('group')];
  const mistakes = run !== undefined && params.get('show') === 'mistakes';
  const cell =
    run !== undefined && truth !== undefined && predicted !== undefined ? { run, truth, predicted } : undefined;
  return {
    filter: {
      ...(cell === undefined ? {} : { cell }),
      ...(mistakes ? { disagreesWithRun: run } : {}),
      ...(label === undefined ? {} : { label }),
      ...(imageId === undefined ? {} : { imageId }),
      ...(group === null ? {} : { group }),
    },
    order: mistakes ? { by: 'confident-mistakes', run } : { by: 'number' },
    single: imageId !== undefined,
  };
}

/** What a narrower view is of, in words, where the filters above the grid do not show it. */
export async function narrowedBy({ cell, imageId }: ItemFilter): Promise<string | null> {
  if (imageId !== undefined) return 'One image';
  if (cell === undefined) return null;
  const runs = await api.training.runs();
  const classes = runs.find((run) => run.id === cell.run)?.config.classes ?? [];
  const truth = classes.at(cell.truth) ?? 'unknown';
  const predicted = classes.at(cell.predicted) ?? 'unknown';
  return cell.truth === cell.predicted
    ? `Run ${cell.run}: ${truth}, recognised`
    : `Run ${cell.run}: ${truth} taken for ${predicted}`;
}
