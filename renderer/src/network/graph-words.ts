import type { FreezePointInfo } from '../../../main/contract/networks.ts';

/** A block, by number from 0, or one of its operators. */
export interface Selection {
  readonly block: number;
  readonly operator: number | null;
}

/** A name of at most so many letters: its beginning and its end, as names of layers differ at their end. */
export function labelOf(name: string, letters: number): string {
  if (name.length <= letters) return name;
  const end = Math.ceil((letters - 1) * 0.6);
  return `${name.slice(0, letters - 1 - end)}…${name.slice(-end)}`;
}

/** Blocks in a row whose images are of one size. */
export interface Stage {
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

export function stages(points: readonly FreezePointInfo[]): Stage[] {
  const found: Stage[] = [];
  for (const [at, { shape }] of points.entries()) {
    const text = shape.length === 3 ? `${shape[1]} × ${shape[2]}` : 'vector';
    const before = found.at(-1);
    if (before?.text === text) found[found.length - 1] = { ...before, last: at };
    else found.push({ first: at, last: at, text });
  }
  return found;
}
