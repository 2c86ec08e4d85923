import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Inspection } from '../contract/networks.ts';
import type { Control } from '../contract/progress.ts';
import { hashFile } from '../images/hash.ts';
import type { Studio } from '../studio-parts.ts';
import { zooEntries } from './zoo/entries.ts';

interface InspectOptions {
  readonly weights?: string;
  readonly mean?: string;
  readonly size?: number;
}

/**
 * What is recognised of a network's file, before it is added. A file that the zoo has published is known by its SHA-256, and
 * with it all that its documentation says.
 *
 * @throws UserError when it cannot be read
 */
export async function inspectFile(
  { dataFolder, trainer }: Pick<Studio, 'dataFolder' | 'trainer'>,
  path: string,
  { weights, mean, size }: InspectOptions,
  control: Control,
): Promise<Inspection> {
  const file = resolve(path);
  const options = {
    ...(weights === undefined ? {} : { weights: resolve(weights) }),
    ...(mean === undefined ? {} : { mean: resolve(mean) }),
    ...(size === undefined ? {} : { size }),
  };
  const found = await trainer.run('inspect-network', { path: file, ...options }, control);
  const published = await findPublished(dataFolder, file);
  if (!published) return { ...found, zoo: null };
  const { id, name, scaling, scalingSource } = published;
  return { ...found, name, zoo: { id, name }, scaling, scalingReason: scalingSource, isCertain: true };
}

/** The entry of the zoo whose file it is. Only a file of a published length is read for it. */
async function findPublished(dataFolder: string, file: string) {
  const { size } = await stat(file);
  const candidates = zooEntries(dataFolder).filter(({ bytes }) => bytes === size);
  if (candidates.length === 0) return undefined;
  const sha256 = await hashFile(file);
  return candidates.find((entry) => entry.sha256 === sha256);
}
