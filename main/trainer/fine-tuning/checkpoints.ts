import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint, type Sections } from '../../engine/training/checkpoint.ts';
import type { TrainingProgress } from '../../engine/training/train.ts';

export interface Checkpoint {
  readonly progress: TrainingProgress;
  readonly sections: Sections;
}

/**
 * Writes a checkpoint whole or not at all: whatever happens, the file holds this one or the one before. A process that outlives its
 * core for the length of a step may still be writing beside the next: each has a name of its own for what is not whole yet.
 */
export async function writeCheckpoint(file: string, { progress, sections }: Checkpoint): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.part`;
  try {
    const handle = await open(partial, 'w');
    try {
      for (const part of encodeCheckpoint(progress, sections)) await handle.appendFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

/**
 * Reads a checkpoint, and takes away what processes that died left half-written beside it.
 *
 * @returns undefined where nothing was written yet
 * @throws EngineError when the file is damaged
 */
export async function readCheckpoint(file: string): Promise<Checkpoint | undefined> {
  if (!existsSync(file)) return undefined;
  const folder = dirname(file);
  for (const name of await readdir(folder)) {
    const owner = /\.(\d+)\.part$/.exec(name)?.[1];
    if (owner && !isRunning(Number(owner))) await rm(join(folder, name), { force: true });
  }
  const { state, sections } = decodeCheckpoint(await readFile(file), file);
  // Written by us, and its checksum holds.
  return { progress: state as TrainingProgress, sections };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
