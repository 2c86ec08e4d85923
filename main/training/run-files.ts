import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../projects/project.ts';
import { checkpointFile, trainedNetworkFile } from '../trainer/fine-tuning/files.ts';

export function runFolder(project: Project, runId: number): string {
  return join(project.runsFolder, String(runId));
}

/** Where the head of a linear run lies: an ONNX network from codes to probabilities. */
export function headFile(project: Project, runId: number): string {
  return join(runFolder(project, runId), 'head.onnx');
}

/** Where the network of a fine-tuned run lies: from what the pretrained one takes to probabilities. */
export function trainedFile(project: Project, runId: number): string {
  return join(runFolder(project, runId), trainedNetworkFile);
}

/** What an unfinished run goes on from. */
export function runCheckpoint(project: Project, runId: number): string {
  return join(runFolder(project, runId), checkpointFile);
}

export function hasCheckpoint(project: Project, runId: number): boolean {
  return existsSync(runCheckpoint(project, runId));
}
