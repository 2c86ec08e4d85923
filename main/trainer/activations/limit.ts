import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../contract/errors.ts';
import { elementCount } from '../../engine/graph/tensors.ts';
import type { FreezePoint } from '../../engine/networks/freeze-points.ts';

/**
 * What the activations of a project may take on disk together, in bytes. A fixed number, so that a run that goes on has as many
 * views as it began with, however much is free by then.
 */
export const mostBytes = 8 * 2 ** 30;
/** They may fill so much of what is free. */
const shareOfFree = 0.8;

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
  const views = viewsWithin(demand, limit);
  if (views < 1) throw refusal({ ...demand, views: 1 }, limit, ['freeze nothing, which is slower']);
  return views;
}

/** Whether so many bytes more may be written where so many are free. */
export const fitsFree = (more: number, free: number): boolean => more <= shareOfFree * free;

/**
 * Makes sure that there is room on the disk.
 *
 * @param more bytes that are still to be written
 * @param free bytes that are free
 * @throws UserError that says what would fit
 */
export function checkFree(demand: ActivationsDemand, more: number, free: number): void {
  if (fitsFree(more, free)) return;
  const room = bytesOf(demand) - more + shareOfFree * free;
  const views = viewsWithin(demand, room);
  const fewer = demand.varied > 0 && views >= 1 ? [`keep at most ${views} views of each item`] : [];
  throw refusal(demand, room, [...fewer, 'free space on the disk']);
}

function bytesOf({ point, varied, plain, views }: ActivationsDemand): number {
  return estimateActivations(varied * views + plain, point.shape);
}

function viewsWithin({ point, ...demand }: ActivationsDemand, bytes: number): number {
  return viewsThatFit({ ...demand, length: elementCount(point.shape) }, bytes);
}

/**
 * How many views of each item fit.
 *
 * @param length numbers of one item's activations
 * @param bytes that there are
 * @returns 0 where not even one does
 */
export function viewsThatFit(
  { length, varied, plain, views }: Pick<ActivationsDemand, 'varied' | 'plain' | 'views'> & { readonly length: number },
  bytes: number,
): number {
  const rows = Math.floor(bytes / estimateActivations(1, [length]));
  if (varied === 0) return plain <= rows ? views : 0;
  return Math.max(0, Math.min(views, Math.floor((rows - plain) / varied)));
}

function refusal(demand: ActivationsDemand, room: number, otherWays: readonly string[]): UserError {
  const { point, size, points, varied, plain } = demand;
  const later = points.find((other) => other.index > point.index && bytesOf({ ...demand, point: other }) <= room);
  const side = Math.floor(size * Math.sqrt(room / bytesOf(demand)));
  const ways = [
    ...(later ? [`freeze at "${later.name}" or later`] : []),
    ...(point.kind === 'spatial' && side >= 32 ? [`choose an input of at most ${side} pixels`] : []),
    ...otherWays,
  ];
  return new UserError(
    `The activations of ${varied + plain} items at "${point.name}" take ${gigabytes(bytesOf(demand))}, and there is room for ${gigabytes(room)}. ` +
      `To go on: ${ways.join(', or ')}.`,
  );
}

/** For a person. */
export function gigabytes(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

/** Bytes that are free where a folder lies. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
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
