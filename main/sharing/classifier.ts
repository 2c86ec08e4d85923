import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Classifier, Provenance } from '../contract/classifiers.ts';
import { productName } from '../contract/product.ts';
import type { Control } from '../contract/progress.ts';
import { networkFile } from '../networks/library.ts';
import { networkOf, selectPoint } from '../networks/project-network.ts';
import type { Project } from '../projects/project.ts';
import type { Studio } from '../studio-parts.ts';
import type { Run } from '../training/runs.ts';
import { headFile } from '../training/train-linear.ts';

/** A classifier's file with what is known of it. */
export interface ClassifierFile extends Classifier {
  readonly path: string;
}

/** What the classifier of a run says of itself. */
function describeRun(project: Project, { id, created, config }: Run): Classifier {
  const point = selectPoint(networkOf(project, config.network.hash), config.point);
  const provenance: Provenance = {
    producer: productName,
    project: project.name,
    run: id,
    created,
    network: config.network,
    point: config.point,
    pooling: config.pooling,
    method: config.method,
    margin: config.margin,
    displayLimits: config.displayLimits,
    multiplyAdds: point.multiplyAddsBefore,
  };
  return { classes: config.classes, preprocessing: config.preprocessing, provenance };
}

/** Writes the finished classifier of a run, pixels to probabilities, to a file. */
export async function writeClassifier(
  studio: Studio,
  project: Project,
  run: Run,
  target: string,
  control: Control = {},
): Promise<ClassifierFile> {
  const { config } = run;
  const described = describeRun(project, run);
  await studio.trainer.run(
    'assemble',
    {
      network: networkFile(networkOf(project, config.network.hash)),
      preprocessing: config.preprocessing,
      point: config.point,
      pooling: config.pooling,
      head: headFile(project, run.id),
      description: described,
      target,
    },
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
  return writeClassifier(studio, project, run, path, control);
}

/** A classifier from a file that somebody shared. */
export async function openClassifier(studio: Studio, path: string, control: Control = {}): Promise<ClassifierFile> {
  return { ...(await studio.trainer.run('describe-classifier', { path }, control)), path };
}
