import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Card } from '../contract/cards.ts';
import type { Classifier } from '../contract/classifiers.ts';
import type { Control } from '../contract/progress.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { Run } from '../training/runs.ts';
import { describeRun } from '../training/describe-run.ts';
import { classifierParts } from '../training/classifier-parts.ts';

/** A classifier's file with what is known of it. */
export interface ClassifierFile extends Classifier {
  readonly path: string;
}

/**
 * Writes the finished classifier of a run, pixels to probabilities, to a file.
 *
 * @param card goes with it where it is shared
 * @param fold puts BatchNormalization into the weights before it
 */
export async function writeClassifier(
  studio: Studio,
  project: Project,
  run: Run,
  { target, fold, card }: { readonly target: string; readonly fold: boolean; readonly card?: Card },
  control: Control = {},
): Promise<ClassifierFile> {
  const described = { ...describeRun(project, run), ...(card ? { card } : {}) };
  await studio.trainer.run(
    'assemble',
    { ...classifierParts(project, run), fold, description: described, target },
    control,
  );
  return { ...described, path: target };
}

/** Where the finished classifier of a run is kept once it was needed. */
export function classifierCache(project: Project, runId: number): string {
  return join(project.cacheFolder, 'classifiers', `run-${runId}.onnx`);
}

/** The finished classifier of a run, made in the project's cache where it is not there yet. */
export async function cachedClassifier(
  studio: Studio,
  project: Project,
  run: Run,
  control: Control = {},
): Promise<ClassifierFile> {
  const path = classifierCache(project, run.id);
  if (existsSync(path)) return { ...describeRun(project, run), path };
  await mkdir(dirname(path), { recursive: true });
  // ONNX Runtime, which runs it here, puts BatchNormalization into the weights by itself.
  return writeClassifier(studio, project, run, { target: path, fold: false }, control);
}

/** A classifier from a file that somebody shared. */
export async function openClassifier(studio: Studio, path: string, control: Control = {}): Promise<ClassifierFile> {
  return { ...(await studio.trainer.run('describe-classifier', { path }, control)), path };
}
