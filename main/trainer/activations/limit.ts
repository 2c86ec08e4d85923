import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../contract/errors.ts';
import { elementCount } from '../../engine/graph/tensors.ts';
import type { FreezePoint } from '../../engine/networks/freeze-points.ts';

/** Activations take no more of the disk than this, unless it is said. */
const mostBytes = 8 * 2 ** 30;
/** And no more than this share of what is free. */
const shareOfFree = 0.5;

/** What the activations of so many rows take on disk, in bytes: two for each value. */
export function estimateActivations(rows: number, shape: readonly number[]): number {
  return rows * elementCount(shape) * Uint16Array.BYTES_PER_ELEMENT;
}

export interface ActivationsDemand {
  readonly point: FreezePoint;
  /** Side of the input, in pixels. */
  readonly size: number;
  /** Freeze points that may be named instead. */
  readonly points: readonly FreezePoint[];
  /** Items that are wanted in several views. */
  readonly varied: number;
  /** Items that are wanted as they are alone. */
  readonly plain: number;
  readonly views: number;
}

/**
 * How many views an item fit below a limit: those that are wanted, or fewer.
 *
 * @param limit bytes
 * @throws UserError that says what would fit, when one view an item is too much already
 */
export function fittingViews(demand: ActivationsDemand, limit: number): number {
  const { point, size, points, varied, plain, views } = demand;
  const one = estimateActivations(1, point.shape);
  const fitting = varied === 0 ? views : Math.min(views, Math.floor((limit / one - plain) / varied));
  const least = (varied + plain) * one;
  if (least <= limit && fitting >= 1) return fitting;
  const later = points.find(
    ({ index, shape }) => index > point.index && estimateActivations(varied + plain, shape) <= limit,
  );
  const side = Math.floor(size * Math.sqrt(limit / least));
  const ways = [
    ...(later ? [`freeze at "${later.name}" or later`] : []),
    ...(point.kind === 'spatial' && side >= 32 ? [`choose an input of at most ${side} pixels`] : []),
    ...(limit < mostBytes ? ['free space on the disk'] : []),
    'freeze nothing, which is slower',
  ];
  throw new UserError(
    `The activations of ${varied + plain} items at "${point.name}" take ${gigabytes(least)}, and there is room for ${gigabytes(limit)}. ` +
      `To go on: ${ways.join(', or ')}.`,
  );
}

/** For a person. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

/** What all activations below a folder may take, in bytes; what they take already counts as free. */
export async function activationsLimit(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  const used = (await foldersIn(folder)).reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.min(mostBytes, shareOfFree * (bavail * bsize + used));
}

/**
 * Drops the activations that were used longest ago until the rest takes no more than a limit.
 *
 * @param kept the folder that is not dropped
 * @param limit bytes, for all but the kept folder
 * @returns what the rest takes
 */
export async function dropOldest(folder: string, kept: string, limit: number): Promise<number> {
  const others = (await foldersIn(folder)).filter(({ path }) => path !== kept).sort((a, b) => a.used - b.used);
  let bytes = others.reduce((sum, other) => sum + other.bytes, 0);
  for (const other of others) {
    if (bytes <= limit) break;
    await rm(other.path, { recursive: true, force: true });
    bytes -= other.bytes;
  }
  return bytes;
}

async function foldersIn(folder: string): Promise<{ path: string; bytes: number; used: number }[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const path = join(folder, name);
        const files = await Promise.all((await readdir(path)).map((file) => stat(join(path, file))));
        return {
          path,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          used: Math.max(0, ...files.map(({ mtimeMs }) => mtimeMs)),
        };
      }),
  );
}
