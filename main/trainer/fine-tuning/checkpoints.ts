import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint, type Sections } from '../../engine/training/checkpoint.ts';
import type { TrainingProgress } from '../../engine/training/train.ts';

export interface Checkpoint {
  readonly progress: TrainingProgress;
  readonly sections: Sections;
}

/** Writes a checkpoint whole or not at all: whatever happens, the file holds this one or the one before. */
export async function writeCheckpoint(file: string, { progress, sections }: Checkpoint): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.part`;
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
 * @returns undefined where nothing was written yet
 * @throws EngineError when the file is damaged
 */
export async function readCheckpoint(file: string): Promise<Checkpoint | undefined> {
  if (!existsSync(file)) return undefined;
  const { state, sections } = decodeCheckpoint(await readFile(file), file);
  // Written by us, and its checksum holds.
  return { progress: state as TrainingProgress, sections };
}
