import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { DeviceChoice } from '../contract/devices.ts';
import type { FineTuning } from '../contract/fine-tuning.ts';
import type { Project } from '../projects/project.ts';
import type { Calibration } from '../trainer/jobs/calibrate.ts';

/** What a measurement holds for: all that changes the time of a step, an image or a view. */
export interface Circumstances {
  readonly network: string;
  /** Side of the input in pixels. */
  readonly size: number;
  readonly device: DeviceChoice;
  readonly settings: Pick<FineTuning, 'batchSize' | 'optimizer' | 'normalisation'>;
}

export interface KeptCalibration {
  readonly created: string;
  readonly result: Calibration;
}

/** Raised when what is measured, or how, is another. */
const version = 1;

/** Measurements lie in the project's cache, since they hold for its images too; another machine's are not taken for this one's. */
const fileOf = ({ cacheFolder }: Project): string => join(cacheFolder, 'calibrations.json');

function keyOf({ network, size, device, settings }: Circumstances): string {
  const { batchSize, optimizer, normalisation } = settings;
  const processors = cpus();
  const machine = [processors.at(0)?.model, processors.length];
  return JSON.stringify([version, machine, network, size, device, batchSize, optimizer, normalisation]);
}

type Kept = Readonly<Partial<Record<string, KeptCalibration>>>;

async function readAll(project: Project): Promise<Kept> {
  const file = fileOf(project);
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept;
  } catch {
    // A damaged cache is an empty one: it is measured again.
    return {};
  }
}

export async function keptCalibration(
  project: Project,
  circumstances: Circumstances,
): Promise<KeptCalibration | undefined> {
  return (await readAll(project))[keyOf(circumstances)];
}

export async function keepCalibration(
  project: Project,
  circumstances: Circumstances,
  result: Calibration,
): Promise<KeptCalibration> {
  const kept = { created: new Date().toISOString(), result };
  const all = { ...(await readAll(project)), [keyOf(circumstances)]: kept };
  await mkdir(project.cacheFolder, { recursive: true });
  const file = fileOf(project);
  await writeFile(`${file}.part`, JSON.stringify(all));
  await rename(`${file}.part`, file);
  return kept;
}
